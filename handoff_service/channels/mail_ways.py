"""The ways to mail servers: SMTP to send and IMAP to fetch, over TLS, and outside development to the internet only."""

from __future__ import annotations

import asyncio
import contextlib
import imaplib
import json
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import TypeVar, cast
from urllib.parse import urlsplit

import aiosmtplib

from handoff_service.channels.caller import undelivered
from handoff_service.channels.public_only import is_public
from handoff_service.errors import NotDelivered

Result = TypeVar("Result")
ANSWER_S = 10.0
AT_ONCE = 10  # mails of one look
MOST_BYTES = 25 * 1024 * 1024
# A look ends behind the mail with which it has so much: it must not outlast the gateway's lease.
LOOK_BYTES = 10 * 1024 * 1024
LOOK_S = 10.0
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
PORTS = {"smtp": 587, "smtps": 465, "imap": 143, "imaps": 993}
MAIL_SERVER = r"{}s?://[A-Za-z0-9.-]{{1,253}}(:\d{{1,5}})?"
BUSY_FROM, REFUSED_FROM = 400, 500
WRONG_KEYS = (530, 534, 535)
# AttributeError: uvloop asks a connection for its other end that was lost while it was taken over.
LOST = (aiosmtplib.SMTPException, OSError, TimeoutError, AttributeError)


@dataclass(frozen=True)
class Server:
    """A mail server that an account names, such as smtps://mail.shop.example:465, and who we are there."""

    url: str
    user: str
    password: str
    guarded: bool

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or PORTS[urlsplit(self.url).scheme]

    @property
    def is_tls(self) -> bool:
        return urlsplit(self.url).scheme in ("smtps", "imaps")

    def connect(self) -> socket.socket:
        """A connection to the very address that was looked at. Raises NotDelivered, and OSError."""
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        addresses = [str(one[4][0]) for one in found]
        if self.guarded and not all(map(is_public, addresses)):
            raise NotDelivered(f"{self.host} is not an address of the internet", final=True)
        return socket.create_connection((addresses[0], self.port), ANSWER_S)


async def send(
    server: Server,
    message: EmailMessage,
    sender: str,
    to: str,
    *,
    last_look: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Hands a mail over. Raises NotDelivered, an uncertain one when the answer to the whole mail is missing.

    `last_look` is called before anything of the mail has left; what it raises ends the attempt.
    """
    given = False
    try:
        async with _client(server) as client:
            if server.user:
                await client.login(server.user, server.password)
            if last_look is not None:
                await last_look()
            given = True
            await client.send_message(message, sender=sender, recipients=[to])
    except aiosmtplib.SMTPRecipientsRefused as error:
        codes = [one.code for one in error.recipients]
        raise _refused(max(codes, default=550), str(error.recipients[0].message) if codes else "") from error
    except aiosmtplib.SMTPResponseException as error:
        raise _refused(error.code, error.message) from error
    except LOST as error:
        raise NotDelivered(f"{error.__class__.__name__} at {server.host}", uncertain=given) from error


@contextlib.asynccontextmanager
async def _client(server: Server) -> AsyncIterator[aiosmtplib.SMTP]:
    """A line to the server whose certificate is checked, closed in the end.

    Outside development nothing goes without TLS: the password and the mail would be for everybody to read.
    """
    line = await asyncio.to_thread(server.connect)
    line.setblocking(False)
    start_tls = True if server.guarded and not server.is_tls else None
    client = aiosmtplib.SMTP(
        hostname=server.host, port=None, sock=line, timeout=ANSWER_S, use_tls=server.is_tls, start_tls=start_tls
    )
    transport = None
    try:
        async with asyncio.timeout(2 * ANSWER_S), client:
            transport = client.transport
            yield client
    finally:
        # TLS would wait for the server's farewell, and asyncio for what comes on the number of a line that is closed:
        # the next connection with the same number would hear nothing.
        for one in (transport, client.transport):
            if one is not None:
                cast("asyncio.Transport", one).abort()
        line.close()  # also when no greeting or no TLS came of it


def _refused(code: int, said: str) -> NotDelivered:
    """What the server's answer means (RFC 5321): 4xx passes by itself, 5xx does not."""
    reason = f"mail server {code}: {' '.join(said.split())[:150]}"
    if code in WRONG_KEYS:
        return undelivered(f"{reason} (user or password are wrong)", again=True, after_s=60.0)
    return undelivered(reason, again=BUSY_FROM <= code < REFUSED_FROM)


async def log_in(server: Server) -> None:
    """Shows that the server takes us. Raises NotDelivered."""
    if urlsplit(server.url).scheme.startswith("imap"):
        await asyncio.to_thread(_with_mailbox, server, lambda mailbox: mailbox.noop())
        return
    try:
        async with _client(server) as client:
            if server.user:
                await client.login(server.user, server.password)
    except aiosmtplib.SMTPResponseException as error:
        raise _refused(error.code, error.message) from error
    except LOST as error:
        raise NotDelivered(f"{error.__class__.__name__} at {server.host}") from error


class _Mailbox(imaplib.IMAP4):
    """IMAP over a connection that was made for it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        super().__init__(server.host, server.port)

    def _create_socket(self, timeout: float | None) -> socket.socket:  # noqa: ARG002 (imaplib's shape)
        line = self._server.connect()
        if not self._server.is_tls:
            return line
        try:
            return ssl.create_default_context().wrap_socket(line, server_hostname=self._server.host)
        except OSError:
            line.close()
            raise


def _with_mailbox(server: Server, work: Callable[[imaplib.IMAP4], Result]) -> Result:
    try:
        mailbox = _Mailbox(server)
        try:
            if server.guarded and not server.is_tls:
                mailbox.starttls(ssl.create_default_context())
            mailbox.login(server.user, server.password)
            return work(mailbox)
        finally:
            try:
                mailbox.logout()
            except (imaplib.IMAP4.error, OSError):  # the line is dead; what was fetched is not
                mailbox.shutdown()
    except imaplib.IMAP4.error as error:
        raise NotDelivered(f"mailbox at {server.host}: {str(error)[:150]}") from error
    except OSError as error:
        raise NotDelivered(f"{error.__class__.__name__} at {server.host}") from error


@dataclass(frozen=True)
class Look:
    """Mails of one look, the mark behind them, and whether there are more."""

    mails: list[bytes]
    cursor: str
    more: bool


async def look(server: Server, cursor: str, since: datetime) -> Look:
    """Mails behind the cursor, those of the last look marked as seen; the first look begins with what came `since`.

    The cursor is the mailbox's generation (UIDVALIDITY) and the last number (UID) that was read. In a new generation
    all since that day come again, and are duplicates by their Message-ID. Raises NotDelivered.
    """
    return await asyncio.to_thread(_with_mailbox, server, lambda mailbox: _look(mailbox, cursor, since))


def _look(mailbox: imaplib.IMAP4, cursor: str, since: datetime) -> Look:
    before = json.loads(cursor) if cursor else {}
    mailbox.select("INBOX")
    generation = int((mailbox.response("UIDVALIDITY")[1] or [b"0"])[0] or 0)
    if not before:  # what was written before the account was made was not written to us
        last = _before(mailbox, since)
        return Look([], json.dumps({"generation": generation, "uid": last}), more=True)
    goes_on = before.get("generation") == generation
    if goes_on and before.get("unseen"):
        mailbox.uid("STORE", before["unseen"], "+FLAGS.SILENT", r"(\Seen)")
    last = int(before["uid"]) if goes_on else 0
    found = mailbox.uid("SEARCH", f"UID {last + 1}:*") if goes_on else mailbox.uid("SEARCH", f"SINCE {_day(since)}")
    # "5:*" always finds the last mail, however small its number is.
    numbers = sorted(number for number in map(int, (found[1][0] or b"").split()) if number > last)
    piece: list[int] = []
    mails: list[bytes] = []
    ends_at = time.monotonic() + LOOK_S
    for number in numbers[:AT_ONCE]:
        one = _fetch(mailbox, number)
        piece.append(number)
        mails += [one] if one is not None else []
        if sum(map(len, mails)) >= LOOK_BYTES or time.monotonic() >= ends_at:
            break
    behind = {"generation": generation, "uid": piece[-1] if piece else last, "unseen": ",".join(map(str, piece))}
    return Look(mails, json.dumps(behind), len(numbers) > len(piece))


def _before(mailbox: imaplib.IMAP4, since: datetime) -> int:
    """The number of the last mail that had come by then; SEARCH knows days only, and servers have other ones."""
    end = int((mailbox.response("UIDNEXT")[1] or [b"1"])[0] or 1) - 1
    found = mailbox.uid("SEARCH", f"SINCE {_day(since - timedelta(days=1))}")
    numbers = sorted(number for number in map(int, (found[1][0] or b"").split()) if number <= end)
    if not numbers:
        return end
    for told in mailbox.uid("FETCH", f"{numbers[0]}:{end}", "(INTERNALDATE)")[1]:
        line = told if isinstance(told, bytes) else b""
        number, came = re.search(rb"UID (\d+)", line), imaplib.Internaldate2tuple(line)
        if number is not None and came is not None and time.mktime(came) >= int(since.timestamp()):
            end = min(end, int(number[1]) - 1)
    return end


def _day(at: datetime) -> str:
    return f"{at.day:02}-{MONTHS[at.month - 1]}-{at.year}"


def _fetch(mailbox: imaplib.IMAP4, number: int) -> bytes | None:
    """A whole mail, or only its head when it is too large; None when it was deleted meanwhile."""
    told = mailbox.uid("FETCH", str(number), "(RFC822.SIZE)")[1][0]
    size = re.search(rb"RFC822\.SIZE (\d+)", told if isinstance(told, bytes) else b"")
    if size is None:
        return None
    wanted = "BODY.PEEK[HEADER]" if int(size.group(1)) > MOST_BYTES else "BODY.PEEK[]"
    for one in mailbox.uid("FETCH", str(number), f"({wanted})")[1]:
        if isinstance(one, tuple):
            return bytes(one[1])
    return None
