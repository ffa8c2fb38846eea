"""Brings in what customers sent on platforms: the outbox's handler for the destination "media".

The event was acknowledged long before. What arrives is a message of the customer with a file, so that the bot and the
agents get it as they get uploads; what does not is told to both sides.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa
import structlog

from handoff_service import outbox
from handoff_service.channels import contacts, media_refs, store
from handoff_service.channels.caller import Caller
from handoff_service.channels.guarded_fetch import FETCH_S, pieces
from handoff_service.channels.model import Account, Brings, Channel, Happening, Inbound, Media
from handoff_service.channels.renewing import renew_at_once
from handoff_service.channels.sealing import Seal
from handoff_service.clock import Clock
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import SYSTEM, Audience, Conversation, Draft, Kind, OwnerKind
from handoff_service.conversations.receive import Sender, receive, receive_unasked, with_file
from handoff_service.database import Database, Transaction
from handoff_service.errors import (
    Conflict,
    Invalid,
    NotDelivered,
    NotFound,
    TandemError,
    TooSlow,
    Unauthorized,
    Unavailable,
)
from handoff_service.files import store as files
from handoff_service.files.keep import Content, keep
from handoff_service.files.model import Sniffer, StoredFile, clean_name
from handoff_service.files.shelf import shelf_of
from handoff_service.ids import new_id
from handoff_service.settings import Settings
from handoff_service.texts import say

log = structlog.get_logger()

HELD = "held:"  # the content came with the message and lies on our own shelf
MOST_FILES = 10  # of one message
UNANSWERED = "unanswered"  # the kind of what a customer says while the bot is silent
TRIED_FOR = timedelta(hours=2)  # platforms and our own storage have outages of hours
ENDINGS = {"image/jpeg": "jpg", "audio/mpeg": "mp3", "video/quicktime": "mov", "text/plain": "txt"}


@dataclass(frozen=True)
class Found:
    """What a job is about; without `account` the platform cannot be asked any more."""

    conversation: Conversation
    account: Account | None
    mid: str
    asked_at: datetime
    waiting: Sequence[tuple[int, Media]]
    unanswered: bool = False


class Collector:
    """Fetches the files of one message, one after the other; each is done in the transaction that stores it."""

    def __init__(
        self,
        database: Database,
        caller: Caller,
        settings: Settings,
        clock: Clock,
        channels: Mapping[str, Channel],
    ) -> None:
        self._database = database
        self._caller = caller
        self._settings = settings
        self._clock = clock
        self._channels = channels
        self._seal = Seal(settings.encryption_key.get_secret_value())

    async def __call__(self, job: outbox.Job) -> None:
        found = await self._database.read(lambda connection: self._find(connection, job))
        for number, media in found.waiting:
            try:
                content = await self._fetch(found, media)
                await self._came(job, found, number, media, content)
            except (Invalid, NotFound) as error:  # too large, of another kind, infected
                await self._lost(job, number, media, error.message)
            except Exception as error:  # the job loop: what nobody foresaw may pass too, and in the end is told
                reason = error.message if isinstance(error, TandemError) else repr(error)
                again = not (isinstance(error, NotDelivered) and error.final)
                if isinstance(error, NotDelivered) and error.token_refused and found.account is not None:
                    await self._database.write(partial(renew_at_once, account=found.account, now=self._clock()))
                if again and await self._put_back(job, found, reason):
                    return
                await self._lost(job, number, media, reason)
        await self._database.write(lambda tx: outbox.settle(tx.connection, job))

    def _find(self, connection: sa.Connection, job: outbox.Job) -> Found:
        conversation = conversations.find(connection, job.tenant, job.conversation)
        entry = conversations.entry_at(connection, job.tenant, job.conversation, job.seq)
        try:
            account = store.find(connection, job.tenant, str(conversation.account), self._seal)
        except NotFound:
            account = None
        waiting = media_refs.waiting(connection, job.tenant, job.conversation, job.seq, self._seal)
        unanswered = entry.body.get("kind") == UNANSWERED
        return Found(conversation, account, entry.mid, entry.at, waiting, unanswered)

    async def _fetch(self, found: Found, media: Media) -> Content:
        """Stores the content. Raises NotDelivered, Unavailable, TooSlow, and Invalid."""
        tenant, most = found.conversation.tenant, self._settings.media_max_bytes
        try:
            async with asyncio.timeout(FETCH_S):
                arriving = await self._open(found, media)
                return await keep(self._settings, tenant, arriving, most=most, sniffer=Sniffer(more=True))
        except TimeoutError as error:
            raise TooSlow("the platform was too slow") from error

    async def _open(self, found: Found, media: Media) -> AsyncIterator[bytes]:
        if media.ref.startswith(HELD):
            return (await shelf_of(self._settings).open(found.conversation.tenant, media.ref.removeprefix(HELD)))[1]
        channel = self._channels.get(found.conversation.channel)
        if found.account is None or not isinstance(channel, Brings):
            raise NotDelivered("the channel account was removed", final=True)
        if not media.ref:
            raise NotDelivered("the platform does not say where it is", final=True)
        download = await channel.locate(self._caller, found.account, media)
        return pieces(self._caller.client, download, most=self._settings.media_max_bytes)

    async def _put_back(self, job: outbox.Job, found: Found, reason: str) -> bool:
        """Whether it is tried once more."""
        now = self._clock()
        if now - found.asked_at >= TRIED_FOR:
            return False
        until = now + timedelta(seconds=outbox.back_off(job))
        await self._database.write(lambda tx: outbox.postpone(tx.connection, job, reason, until=until))
        return True

    async def _came(self, job: outbox.Job, found: Found, number: int, media: Media, content: Content) -> None:
        try:
            kept = await self._database.write(lambda tx: self._take(tx, job, found, number, media, content))
        except (Conflict, NotFound, Unauthorized) as error:  # he was erased meanwhile
            log.info("a file came for somebody who is gone", conversation=job.conversation, error=error.message)
            kept = False
        unused = [] if kept else [content.id]
        held = [media.ref.removeprefix(HELD)] if media.ref.startswith(HELD) else []
        await asyncio.to_thread(shelf_of(self._settings).drop, job.tenant, [*unused, *held])

    def _take(
        self, tx: Transaction, job: outbox.Job, found: Found, number: int, media: Media, content: Content
    ) -> bool:
        """The customer's message with the file; False when another gateway was faster."""
        if not media_refs.done(tx.connection, job.tenant, job.conversation, job.seq, number):
            return False
        conversation, now = found.conversation, self._clock()
        name = contacts.names(tx.connection, job.tenant, [conversation.contact]).get(conversation.contact, "")
        sender = Sender(
            job.tenant,
            conversation.channel,
            conversation.contact,
            name,
            conversation.language,
            account=conversation.account,
        )
        author = f"customer:{conversation.contact}"
        file = StoredFile(
            tenant=job.tenant,
            id=content.id,
            contact=conversation.contact,
            conversation=conversation.id,
            author=author,
            name=_name(media, content.type),
            type=content.type,
            size=content.size,
            sha256=content.sha256,
            seq=None,
            audience=None,
            created_at=now,
        )
        files.add(tx.connection, file)
        context, came = Context(self._settings, now), {"file": file.id}
        if not found.unanswered:
            receive(tx, sender, client_id=f"{found.mid}.{number}", body=came, context=context)
            return True
        # Somebody else answers him, or nobody must: his picture is shown, and no bot is asked about it either.
        stored, _ = with_file(tx.connection, job.tenant, author, came)
        body = {**stored, "kind": UNANSWERED}
        _, entry = receive_unasked(tx, sender, body, client_id=f"{found.mid}.{number}", context=context)
        files.attach(tx.connection, file, conversation=entry.conversation, seq=entry.seq, audience=entry.audience)
        return True

    async def _lost(self, job: outbox.Job, number: int, media: Media, reason: str) -> None:
        """Says to the customer that his file did not arrive, and to the agents why."""
        log.info("a file is lost", conversation=job.conversation, seq=job.seq, reason=reason)

        def tell(tx: Transaction) -> None:
            if not media_refs.done(tx.connection, job.tenant, job.conversation, job.seq, number):
                return
            conversation = conversations.find(tx.connection, job.tenant, job.conversation, lock=True)
            language = conversation.language
            what = named(media, language).strip("[]")
            why = {"text": say("media_why", language, what=what, reason=reason), "kind": "media"}
            told = {"text": say("media_lost", language, what=what), "kind": "media"}
            drafts = [Draft(kind=Kind.MESSAGE, author=SYSTEM, audience=Audience.INTERNAL, body=why)]
            if conversation.owner.kind is not OwnerKind.CLOSED:
                drafts.append(Draft(kind=Kind.MESSAGE, author=SYSTEM, body=told))
            for draft in drafts:
                conversation, _ = conversations.append(tx, conversation, draft, self._clock())

        await self._database.write(tell)


async def hold(settings: Settings, tenant: str, event: Happening) -> Happening:
    """The event with the contents that came with it on our shelf; they are fetched from there. Raises Unavailable."""
    if not isinstance(event, Inbound) or not any(one.content is not None for one in event.media):
        return event
    shelf, held = shelf_of(settings), []
    for one in event.media[:MOST_FILES]:
        if one.content is None:
            held.append(one)
            continue
        name = new_id("held")
        part = shelf.part(tenant, name)
        try:
            await asyncio.to_thread(part.parent.mkdir, parents=True, exist_ok=True)
            await asyncio.to_thread(_write, part, one.content)
            await shelf.put(part, tenant, name)
        except OSError as error:
            raise Unavailable("An attachment cannot be stored at the moment; try again later.") from error
        finally:
            part.unlink(missing_ok=True)
        held.append(replace(one, ref=f"{HELD}{name}", content=None))
    return replace(event, media=held)


def _write(path: Path, content: bytes) -> None:
    """On the disk when it returns: the platform is told next that we have it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def named(media: Media, language: str) -> str:
    """A file that is still with the platform, in words."""
    names = {
        "image": say("media_image", language),
        "audio": say("media_audio", language),
        "video": say("media_video", language),
    }
    return names.get(media.kind, say("media_file", language))


def _name(media: Media, kind: str) -> str:
    """The name that it had, or one after its kind."""
    ending = ENDINGS.get(kind, kind.rpartition("/")[2])
    return clean_name(media.name) if media.name.strip() else f"{media.kind}.{ending}"
