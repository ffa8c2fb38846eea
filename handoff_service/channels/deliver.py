"""What was said to a customer on a platform goes there: the outbox's handler for the destination "channel"."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx2
import sqlalchemy as sa
import structlog

from handoff_service import metrics, outbox, tracing
from handoff_service.agents import store as agents
from handoff_service.channels import contacts, store, survey, windows
from handoff_service.channels.caller import Caller
from handoff_service.channels.model import OCCUPIED, Abilities, Account, Channel, Enclosed, Outbound
from handoff_service.channels.sealing import Seal
from handoff_service.channels.undelivered import tell_undelivered
from handoff_service.channels.who import identity_channel
from handoff_service.channels.window import CLOSED, LEFT, NEVER_OPENED, USED_UP, refusal, used
from handoff_service.channels.wording import numbered, parts, shortened
from handoff_service.clock import Clock
from handoff_service.conversations import store as conversations
from handoff_service.conversations.model import AuthorKind
from handoff_service.conversations.projection import for_customer
from handoff_service.database import Database, Transaction
from handoff_service.errors import NotDelivered, NotFound, TandemError, Unavailable
from handoff_service.failpoints import failpoint
from handoff_service.files import links
from handoff_service.files.model import label
from handoff_service.files.shelf import shelf_of
from handoff_service.public_mentions.model import CHANNEL as IN_PUBLIC
from handoff_service.public_mentions.take import identity_channel as author_channel
from handoff_service.settings import Settings
from handoff_service.texts import say

log = structlog.get_logger()

# A file that the platform or our own storage does not let through holds up the words behind it no longer than this.
FILE_WAITS = timedelta(minutes=1)
LOOK_EVERY_S = 0.2


@dataclass(frozen=True)
class Parcel:
    """An entry with everything that its delivery needs: its parts in order, and how the contact stands."""

    account: Account
    parts: Sequence[Outbound]
    standing: windows.Standing | None
    language: str

    def after(self, hint: Mapping[str, str]) -> Parcel:
        """After one message, which counts where the platform counts, and left this behind for the next."""
        if self.standing is None:
            return self
        window = used(self.standing.window) if self.standing.window is not None else None
        return replace(self, standing=replace(self.standing, window=window, hint={**self.standing.hint, **hint}))


class Deliverer:
    """Delivers one entry, part by part; says what became of it in the outbox, and to the agent when it is for good.

    An attempt whose outcome is unknown is repeated where the platform drops repeats; elsewhere the agent is told.
    """

    def __init__(
        self,
        database: Database,
        client: httpx2.AsyncClient,
        settings: Settings,
        clock: Clock,
        channels: Mapping[str, Channel],
        *,
        in_charge: Callable[[], bool],
    ) -> None:
        """`in_charge`: False after this process stood still so long that the others have taken over its work."""
        self._database = database
        self._in_charge = in_charge
        self._caller = Caller(client, clock, guarded=settings.environment == "production")
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
            busy = _busy_until(channel.abilities, parcel.account, message, self._clock())
            parcel = parcel.after({OCCUPIED: busy.isoformat()} if busy else {})
        metrics.deliveries.labels(parcel.account.channel, state).inc()
        log.info("delivery", conversation=job.conversation, seq=job.seq, attempt=job.attempts, state=state)

    async def _deliver(self, job: outbox.Job, parcel: Parcel, channel: Channel, message: Outbound) -> str:
        """One part; returns the row's state, "sent" also while parts are left."""
        abilities = channel.abilities
        try:
            if parcel.account.disabled:
                raise NotDelivered("the channel account is disabled", final=True, uncertain=job.uncertain)
            if job.uncertain and not abilities.dedupes:
                raise NotDelivered("an earlier attempt was cut off", uncertain=True)
            _check_reachable(parcel, message, abilities, self._clock())
            occupied = parcel.standing.hint.get(OCCUPIED) if parcel.standing else None
            if occupied and (free_at := datetime.fromisoformat(occupied)) > self._clock():
                await self._database.write(lambda tx: outbox.postpone(tx.connection, job, None, until=free_at))
                return "held"
            if self._may_be_lost(job) and not await self._still_mine(job):
                return "late"
            message, provider_id = await self._send(job, parcel, channel, message)
        except NotDelivered as error:
            failure = error
            return await self._database.write(lambda tx: self._failed(tx, job, parcel, channel, failure))
        failpoint("outbox_after_http")
        state = await self._database.write(lambda tx: self._arrived(tx, job, parcel, message, provider_id))
        self._begun.discard(job.id)  # until the next part
        return state

    def _may_be_lost(self, job: outbox.Job) -> bool:
        """Whether others may have taken over since the lease; a heartbeat after a standstill does not tell."""
        half = timedelta(seconds=self._settings.node_lost_s / 2)
        return not self._in_charge() or (job.leased_at is not None and self._clock() - job.leased_at > half)

    async def _still_mine(self, job: outbox.Job) -> bool:
        """Waits until this gateway is in charge again; False when another one has taken the job meanwhile."""
        while not self._in_charge():
            await asyncio.sleep(LOOK_EVERY_S)
        return await self._database.write(lambda tx: outbox.keep(tx.connection, job, self._clock()))

    async def _send(
        self, job: outbox.Job, parcel: Parcel, channel: Channel, message: Outbound
    ) -> tuple[Outbound, str | None]:
        """Sends one part, or a link in the place of a file that the platform does not take. Raises NotDelivered.

        Returns what was sent, and the platform's id of it.
        """
        late = self._clock() - message.at >= FILE_WAITS
        try:
            filled = await self._filled(job.tenant, channel.abilities, message)
            self._begun.add(job.id)
            with tracing.span("deliver", conversation=job.conversation, seq=job.seq):
                return filled, await channel.send(self._caller, parcel.account, filled, self._clock())
        except NotDelivered as error:
            erased = isinstance(error.__cause__, NotFound)
            if message.file is None or error.uncertain or job.uncertain or erased or not (error.final or late):
                raise
        # What stands behind it has waited long enough, and a link shows the same.
        told = say("file_link", parcel.language, name=message.file.name, link=message.file.link)
        link = replace(message, text=parts(told, channel.abilities.form, is_markdown=False)[0], file=None)
        return link, await channel.send(self._caller, parcel.account, link, self._clock())

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
        account, now = parcel.account, self._clock()
        if parcel.standing is not None and parcel.standing.window is not None:
            windows.use(tx.connection, account.tenant, account.id, message.contact, parcel.standing.window)
        busy = _busy_until(self._channels[account.channel].abilities, account, message, now)
        if busy is not None:
            windows.occupy(tx.connection, account.tenant, account.id, message.contact, busy, self._seal)
        if provider_id is not None:
            place = (job.conversation, job.seq, now)
            early = windows.delivered(tx.connection, account.tenant, account.id, provider_id, *place)
            if early is not None:
                conversation = conversations.find(tx.connection, job.tenant, job.conversation, lock=True)
                tell_undelivered(tx, conversation, job.seq, early, unclear=False, now=now)
        store.failed(tx.connection, job.tenant, account.id, None, now)
        return "sent"

    def _failed(self, tx: Transaction, job: outbox.Job, parcel: Parcel, channel: Channel, error: NotDelivered) -> str:
        """Plans another attempt, or gives up and tells the agent in the timeline. Returns the row's state."""
        now = self._clock()
        conversation = conversations.find(tx.connection, job.tenant, job.conversation, lock=True)
        store.failed(tx.connection, job.tenant, parcel.account.id, error.message[:500], now)
        too_late = now - parcel.parts[0].at >= self._deadline
        unclear = error.uncertain or job.uncertain
        if not error.final and not too_late and not (unclear and not channel.abilities.dedupes):
            return outbox.put_back(
                tx.connection, job, error.message, now, uncertain=error.uncertain, wait_s=error.retry_after_s
            )
        if not outbox.give_up(tx.connection, job, error.message):
            return "late"
        reason = f"{_why(error.barred, conversation.language)} ({error.message})" if error.barred else error.message
        tell_undelivered(tx, conversation, job.seq, reason, unclear=unclear, now=now)
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


def _busy_until(abilities: Abilities, account: Account, message: Outbound, now: datetime) -> datetime | None:
    """Until when the customer's line is busy with what was just sent; None where it never is."""
    return now + timedelta(seconds=abilities.occupies_s(account, message.text)) if abilities.occupies_s else None


def _check_reachable(parcel: Parcel, message: Outbound, abilities: Abilities, now: datetime) -> None:
    """Raises NotDelivered, for good, when the contact has left or the platform's window is closed."""
    standing = parcel.standing
    why = LEFT if standing is not None and standing.left else None
    by_person = message.author_kind == "agent"
    why = why or refusal(abilities.rules, standing.window if standing else None, by_person=by_person, now=now)
    if why is not None:
        raise NotDelivered(_why(why, parcel.language), final=True)


def _why(barred: str, language: str) -> str:
    """Why the platform takes nothing for this customer now, and what opens it again, for agents."""
    reasons = {
        NEVER_OPENED: say("window_never_opened", language),
        CLOSED: say("window_closed", language),
        USED_UP: say("window_used_up", language),
        LEFT: say("contact_left", language),
    }
    return reasons[barred]


def pack(
    connection: sa.Connection, job: outbox.Job, seal: Seal, channels: Mapping[str, Channel], settings: Settings
) -> Parcel:
    """The entry as its customer may see it, and where it goes. Raises NotFound."""
    conversation = conversations.find(connection, job.tenant, job.conversation)
    entry = conversations.entry_at(connection, job.tenant, job.conversation, job.seq)
    account = store.find(connection, job.tenant, str(conversation.account), seal)
    if account.channel not in channels:
        raise NotFound(f"This release does not know the channel {account.channel}.")
    known_there = author_channel(account.id) if conversation.channel == IN_PUBLIC else identity_channel(account)
    contact = contacts.external_id(connection, job.tenant, known_there, conversation.contact) or ""
    standing = windows.find(connection, job.tenant, account.id, contact, seal)
    names = {agent.id: agent.name for agent in agents.everyone(connection, conversation.tenant)}
    seen = for_customer(entry, names, conversation.contact)
    text, buttons = _without_label(seen["body"]), seen["body"].get("buttons", [])
    if survey.asks(connection, entry):
        text = f"{text}\n{say('stars_ask', conversation.language)}"
        buttons = survey.stars(conversation.language)
    whole = Outbound(
        mid=entry.mid,
        conversation=conversation.id,
        contact=contact,
        seq=entry.seq,
        author_kind=seen["author"]["kind"],
        author_name=seen["author"]["name"],
        text=text,
        buttons=buttons,
        file=_enclosed(seen["body"].get("file"), job.tenant, settings, entry.at),
        hint=standing.hint if standing else {},
        since=standing.window.since if standing and standing.window else None,
        at=entry.at,
    )
    parts = in_parts(whole, channels[account.channel].abilities, conversation.language)
    return Parcel(account, parts, standing, conversation.language)


def in_parts(whole: Outbound, abilities: Abilities, language: str) -> list[Outbound]:
    """The message in the platform's form and length. Buttons come with the last part, as numbers where it has none."""
    text, buttons = whole.text, list(whole.buttons)
    file = whole.file
    if file is not None and (abilities.files is None or not abilities.files.fits(file)):
        told = say("file_link", language, name=file.name, link=file.link)
        text, file = f"{text}\n{told}".strip(), None
    if len(buttons) > abilities.buttons:
        text = numbered(text, [str(one["title"]) for one in buttons], ask=say("choose_number", language))
        buttons = []
    shown = [
        {"title": shortened(str(one["title"]), abilities.button_chars), "mid": whole.mid, "index": index}
        for index, one in enumerate(buttons)
    ]
    pieces = parts(text, abilities.form, is_markdown=whole.author_kind == AuthorKind.BOT) if text else []
    if shown and abilities.button_text is not None and len(pieces[-1]) > abilities.button_text:
        pieces.append(say("choose_button", language))
    made = [
        replace(whole, text=piece, part=number, buttons=shown if number == len(pieces) - 1 else (), file=None)
        for number, piece in enumerate(pieces)
    ]
    return [*made, replace(whole, text="", part=len(made), buttons=(), file=file)] if file is not None else made


def _without_label(body: Mapping[str, Any]) -> str:
    """The words of a message; none where they only stand for its file."""
    text, file = str(body["text"]), body.get("file")
    return "" if isinstance(file, Mapping) and text == label(file["name"]) else text


def _enclosed(file: Any, tenant: str, settings: Settings, at: datetime) -> Enclosed | None:
    """`at` is the entry's time: the link is the same in every attempt."""
    if not isinstance(file, Mapping):
        return None
    address = links.link(settings, tenant, file["id"], at)
    return Enclosed(id=file["id"], name=file["name"], type=file["type"], size=file["size"], link=address)
