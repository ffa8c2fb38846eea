"""A turn: the bot's answer to what the customer said, posted only if nobody else owns the conversation by then."""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from handoff_service import metrics, outbox, tables, tracing
from handoff_service.bots.model import Answer, Bot, TurnRequest
from handoff_service.clock import Clock
from handoff_service.conversations import store
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import (
    BOT,
    HANDOFF_REASONS,
    Audience,
    AuthorKind,
    Conversation,
    Draft,
    Entry,
    Event,
    Kind,
    OwnerKind,
)
from handoff_service.conversations.receive import HELPED_BY_BOT
from handoff_service.database import Database, Transaction
from handoff_service.errors import BotFailed
from handoff_service.failpoints import failpoint
from handoff_service.files.model import words
from handoff_service.handoffs.request import request_handoff
from handoff_service.ids import new_id
from handoff_service.knowledge.history import known_about
from handoff_service.knowledge.teach import teach
from handoff_service.settings import Settings
from handoff_service.statements import Statement, inserting
from handoff_service.texts import say

log = structlog.get_logger()

T = tables.turns.c
# The statements of every turn.
START = inserting(tables.turns, "tenant", "id", "conversation", "epoch", "upto_seq", "state", "errors", "started_at")
STATE = Statement(sa.select(T.state).where(T.tenant == sa.bindparam("tenant"), T.id == sa.bindparam("id")))
SUPERSEDE = Statement(
    sa.update(tables.turns)
    .where(T.tenant == sa.bindparam("of_tenant"), T.conversation == sa.bindparam("of_conversation"))
    .where(T.state == "running")
    .values(state="failed", ended_at=sa.bindparam("now", type_=T.ended_at.type))
)
END = Statement(
    sa.update(tables.turns)
    .where(T.tenant == sa.bindparam("of_tenant"), T.id == sa.bindparam("of_id"))
    .values({name: sa.bindparam(name) for name in ("state", "bot", "errors", "ended_at")})
)
I, N = tables.contact_identities.c, tables.contacts.c  # noqa: E741
VERIFIED = Statement(
    sa.select(I.external_id, N.name)
    .join(tables.contacts, sa.and_(N.tenant == I.tenant, N.id == I.contact))
    .where(I.tenant == sa.bindparam("tenant"), I.contact == sa.bindparam("contact"), I.verified.is_(True))
)
CONTEXT = 6


@dataclass(frozen=True)
class Turn:
    """A started turn: the epoch that it must still find, and the first and last customer entry that it answers.

    `id` names this run; `request.turn` names what is asked and stays the same when it is asked again. `origin` is
    where the trace of the first entry began.
    """

    id: str
    request: TurnRequest
    epoch: int
    first_seq: int
    upto_seq: int
    origin: tracing.Origin


class TurnRunner:
    """Carries out the outbox rows for the destination "bot"."""

    def __init__(self, database: Database, bot: Bot, settings: Settings, clock: Clock) -> None:
        self._database = database
        self._bot = bot
        self._settings = settings
        self._clock = clock

    async def __call__(self, job: outbox.Job) -> None:
        turn = await self._database.write(
            lambda tx: begin(tx, job.tenant, job.conversation, self._clock()), durable=False
        )
        if turn is None:
            return
        failpoint("turn_before_call")
        began = time.perf_counter()
        with tracing.span("turn", after=turn.origin, conversation=job.conversation, turn=turn.id):
            try:
                answer = await self._ask(turn)
            except BotFailed as error:
                bot, errors, failure = "none", [error.message], error.message
                until = self._clock() + timedelta(seconds=back_off(job.attempts, self._settings))
                state = await self._database.write(lambda tx: keep(tx, turn, job, failure, self._deal(), until=until))
            else:
                bot, errors = answer.bot, list(answer.errors)
                with tracing.span("post"):
                    state = await self._database.write(lambda tx: post(tx, turn, answer, self._deal()))
        metrics.turn_seconds.labels(bot, state).observe(time.perf_counter() - began)
        if state == "suppressed":
            metrics.fenced.inc()
        log.info("turn", conversation=job.conversation, turn=turn.id, state=state, bot=bot, errors=errors)

    async def _ask(self, turn: Turn) -> Answer:
        """The answer; says "one moment" when it takes longer. Raises BotFailed."""
        asking = asyncio.create_task(self._bot.ask(turn.request))
        try:
            return await asyncio.wait_for(asyncio.shield(asking), self._settings.bot_soft_s)
        except TimeoutError:
            await self._database.write(lambda tx: say_one_moment(tx, turn, self._deal()))
            return await asking
        finally:
            if not asking.done():
                asking.cancel()

    def _deal(self) -> Context:
        return Context(self._settings, self._clock())


def begin(tx: Transaction, tenant: str, conversation_id: str, now: datetime) -> Turn | None:
    """Starts a turn over everything that is unanswered; None when the conversation is not the bot's to answer."""
    connection = tx.connection
    conversation = store.find(connection, tenant, conversation_id, lock=True)
    first = outbox.pending(connection, tenant, conversation.id, "bot")
    if first is None:
        return None
    supersede(connection, conversation, now)
    if conversation.owner.kind not in HELPED_BY_BOT:
        outbox.finish(connection, tenant, conversation.id, "bot", upto_seq=conversation.last_seq)
        return None
    recent = store.entries_after(connection, tenant, conversation.id, max(0, first - 1 - 3 * CONTEXT))
    unanswered = _one_turn([entry for entry in recent if entry.seq >= first and _from_customer(entry)])
    request = _request(connection, conversation, recent, unanswered)
    head = unanswered[0]
    turn = Turn(
        new_id("t"),
        request,
        conversation.epoch,
        first,
        unanswered[-1].seq,
        tracing.origin(tenant, head.author.id, head.client_id),
    )
    START.run(
        connection,
        tenant=tenant,
        id=turn.id,
        conversation=conversation.id,
        epoch=turn.epoch,
        upto_seq=turn.upto_seq,
        state="running",
        errors=[],
        started_at=now,
    )
    return turn


def _asked(conversation: Conversation, unanswered: Sequence[Entry]) -> str:
    """The same for the same entries in the same phase, so that a bot which is asked again after a crash can tell.

    It returns what it answered then, and no order is refunded twice. Made of the entries' own ids: after a restore
    other words may stand at the same numbers.
    """
    asked = f"{conversation.tenant}/{conversation.id}/{conversation.phase}/{unanswered[0].mid}-{unanswered[-1].mid}"
    return f"t_{hashlib.sha256(asked.encode()).hexdigest()[:32]}"


def _one_turn(unanswered: Sequence[Entry]) -> Sequence[Entry]:
    """Everything up to the next pressed button: a press is a turn of its own, or its meaning would be lost."""
    for index, entry in enumerate(unanswered):
        if "pressed" in entry.body:
            return unanswered[: max(1, index)]
    return unanswered


def supersede(connection: sa.Connection, conversation: Conversation, now: datetime) -> None:
    """Ends turns that still run: their process died, or the conversation went on without them."""
    SUPERSEDE.run(connection, of_tenant=conversation.tenant, of_conversation=conversation.id, now=now)


def _from_customer(entry: Entry) -> bool:
    said = entry.kind is Kind.MESSAGE and entry.author.kind is AuthorKind.CUSTOMER
    return said and entry.body.get("kind") != "unsupported"


def _request(
    connection: sa.Connection,
    conversation: Conversation,
    recent: Sequence[Entry],
    unanswered: Sequence[Entry],
) -> TurnRequest:
    said = [
        {"author": entry.author.kind.value, "text": words(entry.body)[:1000]}
        for entry in recent
        if entry.kind is Kind.MESSAGE and entry.audience is Audience.PUBLIC and entry.seq < unanswered[0].seq
    ]
    return TurnRequest(
        tenant=conversation.tenant,
        conversation=conversation.id,
        phase=conversation.phase,
        turn=_asked(conversation, unanswered),
        text="\n".join(words(entry.body) for entry in unanswered),
        press=_payload(connection, conversation, unanswered[-1]),
        channel=conversation.channel,
        language=conversation.language,
        owner="bot" if conversation.owner.kind is OwnerKind.BOT else "queue",
        customer=_verified(connection, conversation),
        context=said[-CONTEXT:],
        contact=known_about(connection, conversation),
    )


def _payload(connection: sa.Connection, conversation: Conversation, entry: Entry) -> str | None:
    """What the pressed button means; customers only ever send which one it was."""
    pressed = entry.body.get("pressed")
    if pressed is None:
        return None
    offered = store.entry_at(connection, conversation.tenant, conversation.id, pressed["seq"])
    return str(offered.body["buttons"][pressed["index"]]["payload"])


def _verified(connection: sa.Connection, conversation: Conversation) -> dict[str, Any] | None:
    """Who the customer is, if the tenant's own site has vouched for it."""
    row = VERIFIED.first(connection, tenant=conversation.tenant, contact=conversation.contact)
    return {"id": row["external_id"], "name": row["name"], "verified": True} if row else None


def _is_running(connection: sa.Connection, turn: Turn) -> bool:
    found = STATE.first(connection, tenant=turn.request.tenant, id=turn.id)
    return found is not None and found["state"] == "running"


def _end(
    connection: sa.Connection, turn: Turn, state: str, bot: str | None, errors: Sequence[str], context: Context
) -> None:
    key = {"of_tenant": turn.request.tenant, "of_id": turn.id}
    END.run(connection, **key, state=state, bot=bot, errors=list(errors), ended_at=context.now)


def say_one_moment(tx: Transaction, turn: Turn, context: Context) -> None:
    """Tells the customer that the answer takes longer; slow is not down."""
    conversation = store.find(tx.connection, turn.request.tenant, turn.request.conversation, lock=True)
    if conversation.epoch == turn.epoch and _is_running(tx.connection, turn):
        _say_once(tx, conversation, turn, say("one_moment", conversation.language), context)


def keep(tx: Transaction, turn: Turn, job: outbox.Job, failure: str, context: Context, *, until: datetime) -> str:
    """Ends a turn that no bot could answer, and plans the next try of the same question. Returns the turn's state.

    The customer is told once, with the way to a person. He is not handed over for it: the sweeper does that when he
    has waited too long, so that the queue does not fill with everybody whenever the bot is restarted.
    """
    connection, request = tx.connection, turn.request
    conversation = store.find(connection, request.tenant, request.conversation, lock=True)
    if not _is_running(connection, turn):
        return "failed"
    if conversation.epoch == turn.epoch:
        _say_once(tx, conversation, turn, say("kept", conversation.language), context)
    outbox.postpone(connection, job, failure, until=until)
    _end(connection, turn, "failed", None, [failure], context)
    return "failed"


def back_off(attempts: int, settings: Settings) -> float:
    """Seconds until a kept turn is tried again; jitter, so that a bot that is back does not get all at once.

    Never more than a tenth of the time that the customer may wait: asking in vain costs little, because a bot that
    fails again and again is left alone.
    """
    return float(min(settings.reply_deadline_s / 10, 0.25 * 2.0 ** min(attempts, 10)) * random.uniform(0.5, 1.0))


def _say_once(tx: Transaction, conversation: Conversation, turn: Turn, text: str, context: Context) -> None:
    """A notice of which one wait gets at most one, whatever its text and however often the bot is asked meanwhile."""
    body: dict[str, Any] = {"text": text, "kind": "notice"}
    if conversation.owner.kind is not OwnerKind.BOT:
        body["interim"] = True
    client_id = f"{conversation.id}-{turn.first_seq}-wait"
    if not store.is_known(tx.connection, conversation.tenant, BOT, client_id):
        draft = Draft(kind=Kind.MESSAGE, author=BOT, body=body, client_id=client_id, turn=turn.id)
        store.append(tx, conversation, draft, context.now)


def post(tx: Transaction, turn: Turn, answer: Answer, context: Context) -> str:
    """Appends the answer under the turn's epoch, or suppresses it when that epoch is over. Returns the turn's state.

    A turn that another one has replaced meanwhile is over too: the customer gets the other one's answer. When the bot
    may still answer, but under another epoch by now, it is asked again.
    """
    connection, request = tx.connection, turn.request
    conversation = store.find(connection, request.tenant, request.conversation, lock=True)
    if not _is_running(connection, turn):
        return "failed"
    helped = conversation.owner.kind in HELPED_BY_BOT
    posted = helped and conversation.epoch == turn.epoch
    if helped and not posted:
        outbox.renew(tx, request.tenant, request.conversation, "bot", context.now)
    else:
        outbox.finish(connection, request.tenant, request.conversation, "bot", upto_seq=turn.upto_seq)
    if posted:
        conversation = _say(tx, conversation, turn, answer, context)
        understanding = answer.understanding or {}
        language = understanding.get("language") or conversation.language
        mood = (understanding.get("mood") or {}).get("unhappy")
        store.update(connection, conversation, language=language, mood=mood)
        conversation = store.find(connection, request.tenant, request.conversation)
        if answer.handoff is not None and conversation.owner.kind is OwnerKind.BOT:
            _hand_off(tx, conversation, turn, answer, context)
        elif conversation.owner.kind is OwnerKind.BOT:
            more = outbox.pending(connection, request.tenant, conversation.id, "bot") is not None
            seconds = context.settings.reply_deadline_s if more else context.settings.bot_idle_s
            store.update(connection, conversation, deadline_at=context.now + timedelta(seconds=seconds))
    state = "posted" if posted else "suppressed"
    _end(connection, turn, state, answer.bot, answer.errors, context)
    failpoint("turn_before_commit")
    return state


def _say(tx: Transaction, conversation: Conversation, turn: Turn, answer: Answer, context: Context) -> Conversation:
    interim = conversation.owner.kind is not OwnerKind.BOT
    for index, message in enumerate(answer.messages):
        body = dict(message)
        if index == 0:
            body["analysis"] = _analysis(turn, answer)
        if interim:
            body["interim"] = True
        draft = Draft(
            kind=Kind.MESSAGE,
            author=BOT,
            body=body,
            client_id=f"{turn.id}-{index}",
            turn=turn.id,
        )
        conversation, entry = store.append(tx, conversation, draft, context.now)
        if index == 0 and (answer.understanding or turn.request.press):
            teach(tx, conversation, entry.seq, context)
    return conversation


def _analysis(turn: Turn, answer: Answer) -> dict[str, Any]:
    """Why the bot said this: kept with the answer, shown to agents only."""
    understanding = answer.understanding or {}
    hits = [
        {key: hit.get(key) for key in ("article", "language", "title", "probability")}
        for hit in understanding.get("hits", [])[:3]
    ]
    return {
        "answers": turn.upto_seq,
        "bot": answer.bot,
        "intent": answer.nlu.get("intent"),
        "entities": answer.nlu.get("entities", []),
        "decision": understanding.get("decision"),
        "reading": (understanding.get("reading") or {}).get("text"),
        "generation": understanding.get("generation"),
        "hits": hits,
        "mood": understanding.get("mood"),
    }


def _hand_off(tx: Transaction, conversation: Conversation, turn: Turn, answer: Answer, context: Context) -> None:
    wish: Mapping[str, Any] = answer.handoff or {}
    reason = Event(wish["reason"]) if wish["reason"] in set(HANDOFF_REASONS) else Event.POLICY
    request_handoff(
        tx,
        conversation,
        reason,
        evidence={"turn": turn.id, "asked_at": turn.upto_seq, **(wish.get("evidence") or {})},
        context=context,
        priority=wish.get("priority"),
        actor=BOT,
    )


def forget(connection: sa.Connection, conversation: Conversation) -> int:
    """Empties what the turns of an erased conversation note about failures. Returns how many these were."""
    where = (T.tenant == conversation.tenant, T.conversation == conversation.id)
    return connection.execute(sa.update(tables.turns).where(*where).values(errors=[])).rowcount
