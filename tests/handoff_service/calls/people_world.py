"""The world of random walks with what people may also do: escalate, join, whisper, sign off, be called, leave."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from handoff_service.agents import store as agents
from handoff_service.agents.model import Status
from handoff_service.calls import store as calls
from handoff_service.calls.climb import climb, note_full, overlooked
from handoff_service.calls.model import LADDERS, Rung, this_wait
from handoff_service.calls.shown import confirm
from handoff_service.conversations import store
from handoff_service.conversations.model import Audience, Conversation, OwnerKind
from handoff_service.conversations.reply import reply
from handoff_service.database import Transaction
from handoff_service.handoffs import assign, moves, release
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.choices import choose, read_choice
from handoff_service.handoffs.receipts import standing
from handoff_service.handoffs.sign_off import Fate, sign_off
from tests.handoff_service.conversations.world import EVENTS, HELD, World

WAITING = (OwnerKind.QUEUE, OwnerKind.OFFER)
WHO = 105  # the walks draw from so many, and events pick people by the remainder


class PeopleWorld(World):
    """Beside the invariants of conversations those of calls and receipts hold after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.called: dict[str, int] = {}

    def escalates(self, tx: Transaction, pick: int) -> str | None:
        found = self._any(tx, pick, {OwnerKind.AGENT})
        if found is None:
            return None
        holder, epoch = self._holder(tx, found, pick), self._epoch(found, pick)
        moves.escalate(tx, found.id, holder, epoch, self.context, reason="walk")
        return "escalated"

    def transfers_to_tier(self, tx: Transaction, pick: int) -> str | None:
        found = self._any(tx, pick, {OwnerKind.AGENT})
        if found is None:
            return None
        holder, epoch = self._holder(tx, found, pick), self._epoch(found, pick)
        release.transfer(tx, found.id, holder, epoch, self.context, to_tier=1 + pick % 3)
        return "transferred"

    def joins(self, tx: Transaction, pick: int) -> str | None:
        found = self._any(tx, pick, {OwnerKind.AGENT})
        if found is None:
            return None
        agent, epoch = self._agent(tx, pick), self._epoch(found, pick)
        moved = assign.take_over(tx, found.id, agent, epoch, self.context, join=pick % 2 == 0)
        return f"{moved.owner.kind}"

    def chooses(self, tx: Transaction, pick: int) -> str | None:
        found = self._current(tx, pick)
        if found is None:
            return None
        verb = ("ask-senior", "leave-queue", "callback", "ask-human")[pick % 4]
        parts = {"number": "10086"} if verb == "callback" else {}
        asked = read_choice(verb, {"op_id": f"choose-{self.count:06}", **parts})
        return str(choose(tx, self.customers[pick % 3], found.id, verb, asked, self.context)["owner"])

    def ladder_climbs(self, tx: Transaction, pick: int) -> str | None:  # noqa: ARG002
        unnoticed = overlooked(tx.connection, self.context)
        note_full(tx, unnoticed.full, self.context)
        told = [climb(tx, one, self.context) for one in unnoticed.due]
        return str(max((rung for rung in told if rung), key=list(Rung).index, default="held")) if told else None

    def desk_shows(self, tx: Transaction, pick: int) -> str | None:
        found = self._any(tx, pick, set(WAITING))
        if found is None:
            return None
        last = calls.of_handoff(tx.connection, "demo", str(found.handoff))[-1]
        news = confirm(tx, self._agent(tx, pick), [(str(found.handoff), last.n)], self.context)
        return "shown" if news else "not for him"

    def consults(self, tx: Transaction, pick: int) -> str | None:
        found = self._any(tx, pick, HELD)
        if found is None:
            return None
        agent, other = self._agent(tx, pick), self.people[(pick + 1) % 3]
        whispers = pick % 2 and found.owner.agent
        body = {
            "text": f"note {self.count}",
            **({"whisper": found.owner.agent} if whispers else {"mentions": [other.id]}),
        }
        said = {"client_id": f"consult-{self.count:06}", "body": body, "epoch": None}
        reply(tx, agent, found.id, **said, audience=Audience.INTERNAL, context=self.context)
        return "whispered" if whispers else "asked"

    def signs_off(self, tx: Transaction, pick: int) -> str:
        agent = self._agent(tx, pick)
        fate = (Fate.REQUEUE, Fate.TRANSFER, Fate.KEEP, None)[pick % 4]
        until = self.clock() + timedelta(minutes=20) if fate is Fate.KEEP else None
        to = self.people[(pick + 1) % 3].id if fate is Fate.TRANSFER else None
        sign_off(tx, agent, self.context, fate=fate, to_agent=to, back_at=until)
        return str(fate)

    def says_status(self, tx: Transaction, pick: int) -> str:
        status = (Status.ONLINE, Status.ONLINE, Status.BUSY, Status.AWAY)[pick % 4]
        agents.set_status(tx.connection, "demo", self._agent(tx, pick).id, status)
        return str(status)

    # What must hold.

    def check(self) -> None:
        super().check()
        with self.engine.begin() as connection:
            for conversation in store.listed(connection, "demo", list(OwnerKind), limit=500):
                handoff = handoffs.find(connection, "demo", conversation.handoff) if conversation.handoff else None
                now = standing(connection, conversation, handoff, self.context)
                is_open = conversation.owner.kind is not OwnerKind.CLOSED
                assert (now.deadline is not None, now.next is not None) == (is_open, is_open), f"I12: {now}"
                if handoff is not None:
                    self._check_calls(conversation, calls.of_handoff(connection, "demo", handoff.id))

    def _check_calls(self, conversation: Conversation, made: list[calls.Call]) -> None:
        before = self.called.get(str(conversation.handoff), 0)
        self.called[str(conversation.handoff)] = len(made)
        assert [one.n for one in made] == list(range(1, len(made) + 1)), "a call is missing, or there twice"
        kinds = {str(one.rung) for one in made[before:]} - {"queued", "agent"}
        assert not kinds or conversation.owner.kind in WAITING, f"{kinds} after it was accepted"
        wait = [one.rung for one in this_wait(made) if one.rung is not Rung.AGENT]
        assert tuple(wait) == LADDERS["offer"][: len(wait)], "the rungs of one wait, each once and in order"


MORE: tuple[str, ...] = (
    *EVENTS,
    *("escalates", "transfers_to_tier", "joins", "consults", "signs_off") * 2,
    *("chooses",) * 3,
    *("ladder_climbs",) * 4,
    *("desk_shows",) * 2,
    *("says_status",) * 2,
)


@contextmanager
def told(walk: int, played: list[str]) -> Iterator[None]:
    """Says in which walk something broke, and after what."""
    try:
        yield
    except AssertionError as broken:
        broken.add_note(f"walk {walk}; before it: {played[-12:]}")
        raise
