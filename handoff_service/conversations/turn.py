"""A turn: the bot's answer to what the customer said, posted only if nobody else owns the conversation by then."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, overload

import sqlalchemy as sa
import structlog

from handoff_service import metrics, outbox, tables, tracing
from handoff_service.bell import Bell
from handoff_service.bots.left_message import buttons
from handoff_service.bots.model import Answer, Bot
from handoff_service.bots.own_rules import signal_of
from handoff_service.clock import Clock
from handoff_service.complaints.register import on_threat
from handoff_service.conversations import store
from handoff_service.conversations.answer import Turn, hand_over, say_answer, threat_in
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import BOT, Conversation, Draft, Entry, Kind, OwnerKind
from handoff_service.conversations.patience import Patience, hold_until
from handoff_service.conversations.question import CONTEXT, build_request, from_customer, one_turn, wait_notice
from handoff_service.conversations.receive import HELPED_BY_BOT
from handoff_service.conversations.typing import Typists
from handoff_service.database import Database, Transaction
from handoff_service.errors import BotFailed
from handoff_service.failpoints import failpoint
from handoff_service.ids import new_id
from handoff_service.knowledge.possessions import Possessions
from handoff_service.settings import Settings
from handoff_service.statements import Statement, inserting
from handoff_service.texts import say

log = structlog.get_logger()

NO_ANSWER = "no bot answered"

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


class TurnRunner:
    """Carries out the outbox rows for the destination "bot"."""

    def __init__(
        self,
        database: Database,
        bot: Bot,
        settings: Settings,
        clock: Clock,
        *,
        bell: Bell | None = None,
        possessions: Possessions | None = None,
    ) -> None:
        self._database = database
        self._bot = bot
        self._settings = settings
        self._clock = clock
        self._bell = bell or Bell()
        self._possessions = possessions
        self._typists = Typists(self._bell, clock)
        self._patience = Patience(settings.bot_quiet_s, settings.bot_quiet_most_s)

    async def __call__(self, job: outbox.Job) -> None:
        turn = await self._database.write(lambda tx: self._begin(tx, job), durable=False)
        if isinstance(turn, Held):
            self._look_again(job, turn)
            return
        self._typists.ignore(job.tenant, job.conversation)
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

    def _begin(self, tx: Transaction, job: outbox.Job) -> Turn | Held | None:
        """Starts the turn, or plans another look when its customer is still writing."""

        def held(recent: Sequence[Entry], unanswered: Sequence[Entry], now: datetime) -> datetime | None:
            typing_at = self._typists.last(job.tenant, job.conversation)
            return hold_until(recent, unanswered, self._patience, now=now, typing_at=typing_at)

        shop_tenants = self._settings.shop_tenants
        turn = begin(tx, job.tenant, job.conversation, self._clock(), held=held, shop_tenants=shop_tenants)
        if isinstance(turn, Held):
            outbox.postpone(tx.connection, job, None, until=turn.until)
        return turn

    def _look_again(self, job: outbox.Job, held: Held) -> None:
        """Listens for typing until then. Only this process is woken; if it dies, another finds the row by polling."""
        self._typists.listen(job.tenant, job.conversation)
        seconds = max(0.0, (held.until - self._clock()).total_seconds())
        asyncio.get_running_loop().call_later(seconds, self._bell.ring, outbox.outbox_topic("bot"))

    async def _ask(self, turn: Turn) -> Answer:
        """The answer; says "one moment" when it takes longer. Raises BotFailed."""
        known = self._possessions
        request = turn.request if known is None else await known.told_in(turn.request)
        asking = asyncio.create_task(self._bot.ask(request))
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


@dataclass(frozen=True)
class Held:
    """No turn yet: the customer is still writing, look again at this moment."""

    until: datetime


Hold = Callable[[Sequence[Entry], Sequence[Entry], datetime], datetime | None]


@overload
def begin(tx: Transaction, tenant: str, conversation_id: str, now: datetime) -> Turn | None: ...
@overload
def begin(
    tx: Transaction, tenant: str, conversation_id: str, now: datetime, *, held: Hold | None, shop_tenants: str
) -> Turn | Held | None: ...
def begin(
    tx: Transaction,
    tenant: str,
    conversation_id: str,
    now: datetime,
    *,
    held: Hold | None = None,
    shop_tenants: str = "",
) -> Turn | Held | None:
    """Starts a turn over everything that is unanswered, unless `held` names a moment to wait for.

    None when the conversation is not the bot's to answer.
    """
    connection = tx.connection
    conversation = store.find(connection, tenant, conversation_id, lock=True)
    first = outbox.pending(connection, tenant, conversation.id, "bot")
    if first is None:
        return None
    if conversation.owner.kind not in HELPED_BY_BOT:
        supersede(connection, conversation, now)
        outbox.finish(connection, tenant, conversation.id, "bot", upto_seq=conversation.last_seq)
        return None
    recent = store.entries_after(connection, tenant, conversation.id, max(0, first - 1 - 3 * CONTEXT))
    unanswered = one_turn(
        connection, conversation, [entry for entry in recent if entry.seq >= first and from_customer(entry)]
    )
    until = held(recent, unanswered, now) if held is not None else None
    if until is not None:
        return Held(until)
    supersede(connection, conversation, now)
    request = build_request(connection, conversation, recent, unanswered, now, shop_tenants=shop_tenants)
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


def supersede(connection: sa.Connection, conversation: Conversation, now: datetime) -> None:
    """Ends turns that still run: their process died, or the conversation went on without them."""
    SUPERSEDE.run(connection, of_tenant=conversation.tenant, of_conversation=conversation.id, now=now)


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
        noted = {
            "answers": turn.upto_seq,
            "bot": "none",
            "signals": [signal_of("failed", NO_ANSWER, {"error": failure})],
        }
        text, ways_out = say("kept", conversation.language), buttons(conversation.language)
        _say_once(tx, conversation, turn, text, context, ways_out, noted)
    outbox.postpone(connection, job, failure, until=until)
    _end(connection, turn, "failed", None, [failure], context)
    return "failed"


def back_off(attempts: int, settings: Settings) -> float:
    """Seconds until a kept turn is tried again; jitter, so that a bot that is back does not get all at once.

    Never more than a tenth of the time that the customer may wait: asking in vain costs little, because a bot that
    fails again and again is left alone.
    """
    return float(min(settings.reply_deadline_s / 10, 0.25 * 2.0 ** min(attempts, 10)) * random.uniform(0.5, 1.0))


def _say_once(
    tx: Transaction,
    conversation: Conversation,
    turn: Turn,
    text: str,
    context: Context,
    ways_out: Sequence[dict[str, str]] = (),
    noted: Mapping[str, Any] | None = None,
) -> None:
    """A notice of which one wait gets at most one, whatever its text and however often the bot is asked meanwhile."""
    body: dict[str, Any] = {"text": text, "kind": "notice", **({"analysis": noted} if noted else {})}
    if ways_out and conversation.owner.kind is OwnerKind.BOT:
        body["buttons"] = list(ways_out)
    if conversation.owner.kind is not OwnerKind.BOT:
        body["interim"] = True
    client_id = wait_notice(conversation, turn.first_seq)
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
        conversation = say_answer(tx, conversation, turn, answer, context)
        understanding = answer.understanding or {}
        language = understanding.get("language") or conversation.language
        mood = (understanding.get("mood") or {}).get("unhappy")
        store.update(connection, conversation, language=language, mood=mood)
        conversation = store.find(connection, request.tenant, request.conversation)
        on_threat(tx, conversation, threat_in(answer), context)
        if answer.handoff is not None and conversation.owner.kind is OwnerKind.BOT:
            hand_over(tx, conversation, turn, answer, context)
        elif conversation.owner.kind is OwnerKind.BOT:
            more = outbox.pending(connection, request.tenant, conversation.id, "bot") is not None
            seconds = _quiet_s(answer, context.settings, more=more)
            store.update(connection, conversation, deadline_at=context.now + timedelta(seconds=seconds))
    state = "posted" if posted else "suppressed"
    _end(connection, turn, state, answer.bot, answer.errors, context)
    failpoint("turn_before_commit")
    return state


def _quiet_s(answer: Answer, settings: Settings, *, more: bool) -> float:
    """Until the sweeper looks: shorter after the customer said that it is solved, and for what waits for an answer."""
    if more:
        return settings.reply_deadline_s
    return min(settings.bot_idle_s, settings.solved_idle_s) if answer.close else settings.bot_idle_s


def forget(connection: sa.Connection, conversation: Conversation) -> int:
    """Empties what the turns of an erased conversation note about failures. Returns how many these were."""
    where = (T.tenant == conversation.tenant, T.conversation == conversation.id)
    return connection.execute(sa.update(tables.turns).where(*where).values(errors=[])).rowcount
