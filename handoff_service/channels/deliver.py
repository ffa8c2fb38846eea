"""What was said to a customer on a platform goes there: the outbox's handler for the destination "channel"."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import structlog

from handoff_service import metrics, outbox, tracing
from handoff_service.channels import store, windows
from handoff_service.channels.caller import Caller
from handoff_service.channels.model import OCCUPIED, Abilities, Account, Channel, Outbound
from handoff_service.channels.packing import Parcel, pack
from handoff_service.channels.renewing import renew_at_once
from handoff_service.channels.sealing import Seal
from handoff_service.channels.undelivered import tell_undelivered, why
from handoff_service.channels.window import LEFT, refusal
from handoff_service.channels.wording import parts
from handoff_service.clock import Clock
from handoff_service.conversations import store as conversations
from handoff_service.database import Database, Transaction
from handoff_service.errors import NotDelivered, NotFound, TandemError, Unavailable
from handoff_service.failpoints import failpoint
from handoff_service.files.shelf import shelf_of
from handoff_service.settings import Settings
from handoff_service.texts import say

log = structlog.get_logger()

# A file that the platform or our own storage does not let through holds up the words behind it no longer than this.
FILE_WAITS = timedelta(minutes=1)
LOOK_EVERY_S = 0.2


class _StoodStill(Exception):
    """This process may have been taken for lost since it leased the job; nothing of the message has left."""


class _TakenOver(Exception):
    """Another gateway has the job; nothing of the message has left."""


class Deliverer:
    """Delivers one entry, part by part; says what became of it in the outbox, and to the agent when it is for good.

    An attempt whose outcome is unknown is repeated where the platform drops repeats; elsewhere the agent is told.
    """

    def __init__(
        self,
        database: Database,
        caller: Caller,
        settings: Settings,
        clock: Clock,
        channels: Mapping[str, Channel],
        *,
        in_charge: Callable[[], bool],
    ) -> None:
        """`in_charge`: False after this process stood still so long that the others have taken over its work."""
        self._database = database
        self._in_charge = in_charge
        self._caller = caller
        self._settings = settings
        self._clock = clock
        self._channels = channels
        self._seal = Seal(settings.encryption_key.get_secret_value())
        self._begun: set[str] = set()  # jobs whose message may have left
        self._deadline = timedelta(seconds=settings.delivery_deadline_s)

    async def __call__(self, job: outbox.Job) -> None:
        try:
            await self._carry_out(job)
        except asyncio.CancelledError:
            # We are stopped. What is not on its way yet is nobody's doubt: the next gateway just sends it.
            if job.id not in self._begun and not job.uncertain:
                now = self._clock()
                await self._database.write(lambda tx: outbox.postpone(tx.connection, job, None, until=now))
            raise
        finally:
            self._begun.discard(job.id)

    async def _carry_out(self, job: outbox.Job) -> None:
        try:
            parcel = await self._database.read(
                lambda connection: pack(connection, job, self._seal, self._channels, self._settings)
            )
        except TandemError as error:  # nothing has been sent in this attempt
            reason = error.message
            await self._database.write(lambda tx: _not_begun(tx, job, reason, self._clock()))
            return
        channel = self._channels[parcel.account.channel]
        state = "sent"
        if not _goes_on(job, parcel.parts):
            cut = NotDelivered("a part of it was delivered by another release, which cut it elsewhere", final=True)
            doubtful = replace(job, uncertain=True)
            await self._database.write(lambda tx: self._failed(tx, doubtful, parcel, channel, cut))
            return
        if job.parts_sent >= len(parcel.parts):  # a release that left no digest cut it into more, and has sent them all
            await self._database.write(lambda tx: outbox.settle(tx.connection, job))
        for message in parcel.parts[job.parts_sent :]:
            state = await self._deliver(job, parcel, channel, message)
            if state != "sent":
                break
            job = replace(job, parts_sent=message.part + 1, uncertain=False)
            parcel = parcel.after(_left_behind(channel.abilities, parcel.account, message, self._clock()))
        metrics.deliveries.labels(parcel.account.channel, state).inc()
        log.info("delivery", conversation=job.conversation, seq=job.seq, attempt=job.attempts, state=state)

    async def _deliver(self, job: outbox.Job, parcel: Parcel, channel: Channel, message: Outbound) -> str:
        """One part; returns the row's state, "sent" also while parts are left."""
        abilities = channel.abilities
        try:
            if parcel.account.disabled:
                raise NotDelivered("the channel account is disabled", final=True, uncertain=job.uncertain)
            if job.uncertain and not abilities.drops_repeats(self._clock() - message.at):
                raise NotDelivered("an earlier attempt was cut off", uncertain=True)
            _check_reachable(parcel, message, abilities, self._clock())
            occupied = parcel.standing.hint.get(OCCUPIED) if parcel.standing else None
            if occupied and (free_at := datetime.fromisoformat(occupied)) > self._clock():
                await self._database.write(lambda tx: outbox.postpone(tx.connection, job, None, until=free_at))
                return "held"
            if parcel.upto > job.seq and parcel.upto != job.upto:
                upto = parcel.upto
                if not await self._database.write(lambda tx: outbox.bind(tx.connection, job, upto)):
                    return "late"
            left = await self._send_if_mine(job, parcel, channel, message)
        except NotDelivered as error:
            failure = error
            return await self._database.write(lambda tx: self._failed(tx, job, parcel, channel, failure))
        if left is None:
            return "late"
        message, provider_id = left
        failpoint("outbox_after_http")
        state = await self._database.write(lambda tx: self._arrived(tx, job, parcel, message, provider_id))
        self._begun.discard(job.id)  # until the next part
        return state

    async def _send_if_mine(
        self, job: outbox.Job, parcel: Parcel, channel: Channel, message: Outbound
    ) -> tuple[Outbound, str | None] | None:
        """As `_send`; None when another gateway has taken the job. Looks last when the connection stands."""

        leased_at = job.leased_at
        half = timedelta(seconds=self._settings.node_lost_s / 2)

        async def last_look() -> None:
            """A heartbeat after a standstill does not tell whether others took over before it: the lease does."""
            nonlocal leased_at
            while leased_at is not None and (now := self._clock()) - leased_at > half:
                try:
                    kept = await self._database.write(lambda tx, at=now: outbox.keep(tx.connection, job, at))  # type: ignore[misc]
                except Unavailable as error:
                    raise _StoodStill from error
                if not kept:
                    raise _TakenOver
                leased_at = now
            if not self._in_charge():
                raise _StoodStill

        while True:
            try:
                await last_look()
                return await self._send(job, parcel, channel, message, self._caller.looking(last_look))
            except _TakenOver:
                return None
            except _StoodStill:
                self._begun.discard(job.id)
                leased_at = datetime.min.replace(tzinfo=UTC)  # whose it is now must be asked
                await asyncio.sleep(LOOK_EVERY_S)
                while not self._in_charge():
                    await asyncio.sleep(LOOK_EVERY_S)

    async def _send(
        self, job: outbox.Job, parcel: Parcel, channel: Channel, message: Outbound, caller: Caller
    ) -> tuple[Outbound, str | None]:
        """Sends one part, or a link in the place of a file that the platform does not take. Raises NotDelivered.

        Returns what was sent, and the platform's id of it.
        """
        late = self._clock() - message.at >= FILE_WAITS
        try:
            filled = replace(await self._filled(job.tenant, channel.abilities, message), repeated=job.uncertain)
            self._begun.add(job.id)
            with tracing.span("deliver", conversation=job.conversation, seq=job.seq):
                return filled, await channel.send(caller, parcel.account, filled, self._clock())
        except NotDelivered as error:
            erased = isinstance(error.__cause__, NotFound)
            if message.file is None or error.uncertain or job.uncertain or erased or not (error.final or late):
                raise
        # What stands behind it has waited long enough, and a link shows the same.
        told = say("file_link", parcel.language, name=message.file.name, link=message.file.link)
        link = replace(message, text=parts(told, channel.abilities.form, is_markdown=False)[0], file=None)
        return link, await channel.send(caller, parcel.account, link, self._clock())

    async def _filled(self, tenant: str, abilities: Abilities, message: Outbound) -> Outbound:
        """The part with its file's content, where the platform is to be given it. Raises NotDelivered."""
        if message.file is None or abilities.files is None or abilities.files.by_link:
            return message
        try:
            content = await shelf_of(self._settings).read(tenant, message.file.id)
        except NotFound as error:
            raise NotDelivered("the file was erased", final=True) from error
        except Unavailable as error:
            raise NotDelivered(error.message) from error
        return replace(message, file=replace(message.file, content=content))

    def _arrived(
        self, tx: Transaction, job: outbox.Job, parcel: Parcel, message: Outbound, provider_id: str | None
    ) -> str:
        if message.part + 1 < len(parcel.parts):
            done, digest = message.part + 1, _digest(parcel.parts[: message.part + 1])
            held = outbox.sent_part(tx.connection, job, done, self._clock(), digest=digest)
        else:
            held = outbox.settle(tx.connection, job, provider_id=provider_id)
        if not held:
            return "late"
        if parcel.upto > job.seq:
            outbox.end_with(tx.connection, job, parcel.upto, "sent")
        account, now = parcel.account, self._clock()
        if parcel.standing is not None and parcel.standing.window is not None:
            windows.use(tx.connection, account.tenant, account.id, message.contact, parcel.standing.window)
        told = _left_behind(self._channels[account.channel].abilities, account, message, now)
        if told:
            windows.note(tx.connection, account.tenant, account.id, message.contact, told, self._seal)
        if provider_id is not None:
            place = (job.conversation, parcel.upto, now)
            early = windows.delivered(tx.connection, account.tenant, account.id, provider_id, *place)
            if early is not None:
                conversation = conversations.find(tx.connection, job.tenant, job.conversation, lock=True)
                barred, reason = early
                tell_undelivered(
                    tx, account, conversation, job.seq, reason, upto=parcel.upto, barred=barred, unclear=False, now=now
                )
        store.failed(tx.connection, job.tenant, account.id, None, now)
        return "sent"

    def _failed(self, tx: Transaction, job: outbox.Job, parcel: Parcel, channel: Channel, error: NotDelivered) -> str:
        """Plans another attempt, or gives up and tells the agent in the timeline. Returns the row's state."""
        now = self._clock()
        conversation = conversations.find(tx.connection, job.tenant, job.conversation, lock=True)
        store.failed(tx.connection, job.tenant, parcel.account.id, error.message[:500], now)
        if error.token_refused:
            renew_at_once(tx, parcel.account, now)
        if error.hint:
            whose = (job.tenant, parcel.account.id, parcel.parts[0].contact)
            windows.note(tx.connection, *whose, error.hint, self._seal)
        too_late = now - parcel.parts[0].at >= self._deadline
        unclear = error.uncertain or job.uncertain
        again = not unclear or channel.abilities.drops_repeats(now - parcel.parts[0].at)
        if not error.final and not too_late and again:
            return outbox.put_back(
                tx.connection, job, error.message, now, uncertain=error.uncertain, wait_s=error.retry_after_s
            )
        if not outbox.give_up(tx.connection, job, error.message):
            return "late"
        upto = parcel.upto if unclear else job.seq  # all of it may have arrived; what surely did not is tried alone
        if upto > job.seq:
            outbox.end_with(tx.connection, job, upto, "dead")
        told = (parcel.account, conversation, job.seq, error.message)
        tell_undelivered(tx, *told, upto=upto, barred=error.barred, unclear=unclear, now=now)
        return "dead"


def _not_begun(tx: Transaction, job: outbox.Job, reason: str, now: datetime) -> str:
    return outbox.put_back(tx.connection, job, reason, now, uncertain=job.uncertain)


def _goes_on(job: outbox.Job, parts: Sequence[Outbound]) -> bool:
    """Whether what was delivered of an entry is the beginning of these parts, as far as anybody has noted what it was.

    A release that notes nothing leaves the note on the parts before its own.
    """
    noted = (_digest(parts[:sent]) for sent in range(1, min(job.parts_sent, len(parts)) + 1))
    return job.parts_digest is None or job.parts_digest in noted


def _digest(parts: Sequence[Outbound]) -> str:
    """Of what these parts say; a file counts by its id."""
    said = "\0".join(one.file.id if one.file is not None else one.text for one in parts)
    return sha256(said.encode()).hexdigest()[:32]


def _left_behind(abilities: Abilities, account: Account, message: Outbound, now: datetime) -> Mapping[str, str]:
    """What a message that was sent changes in the hint: until when the line is busy, and what it has spent."""
    told = {}
    if abilities.occupies_s is not None:
        told[OCCUPIED] = (now + timedelta(seconds=abilities.occupies_s(account, message.text))).isoformat()
    if message.hint.get(abilities.spends):
        told[abilities.spends] = ""
    return told


def _check_reachable(parcel: Parcel, message: Outbound, abilities: Abilities, now: datetime) -> None:
    """Raises NotDelivered, for good, when the contact has left or the platform's window is closed."""
    standing = parcel.standing
    barred = LEFT if standing is not None and standing.left else None
    by_person = message.author_kind == "agent"
    if not message.template:
        barred = barred or refusal(abilities.rules, standing.window if standing else None, by_person=by_person, now=now)
    if barred is not None:
        raise NotDelivered(why(barred, parcel.language), final=True, barred=barred)
