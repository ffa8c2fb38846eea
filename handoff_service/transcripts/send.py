"""A conversation goes to its customer by mail, once he has shown with a code that the address is his.

Without the code anybody could have words of his choosing sent to strangers in the shop's name. Nothing is stored: the
code follows from a secret of the mail account, the conversation, the address and the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog

from handoff_service import audit
from handoff_service.channels import store as channels
from handoff_service.channels.letters import Letter, letter, mail_account
from handoff_service.channels.mail_read import ADDRESS
from handoff_service.channels.mail_ways import send
from handoff_service.channels.model import Account
from handoff_service.channels.sealing import Seal
from handoff_service.conversations import store
from handoff_service.conversations.access import projected, visible
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation, Entry
from handoff_service.conversations.receive import Sender
from handoff_service.database import Transaction
from handoff_service.errors import Conflict, Forbidden, Invalid, NotDelivered, Unavailable
from handoff_service.live.principal import Principal
from handoff_service.tenants import store as tenants
from handoff_service.texts import say
from handoff_service.transcripts.model import draw_code, is_code, write_down

log = structlog.get_logger()

KEY = "thread_key"  # the secret of a mail account that we have made ourselves
PAGE = 500


def check_address(to: str) -> str:
    """The address in the one form that codes and limits count. Raises Invalid."""
    address = to.strip()
    if not ADDRESS.fullmatch(address) or not address.isascii():
        raise Invalid("`to` is no e-mail address.")
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


@dataclass(frozen=True)
class Place:
    """Who has which conversation sent where; `language` of the mail's own words, None: as the conversation."""

    sender: Sender
    conversation: str
    to: str
    language: str | None = None


def code_letter(connection: sa.Connection, place: Place, context: Context) -> Letter:
    """The mail with the code; nothing in it is anybody's words but ours. Raises NotFound, Conflict."""
    found, account = _own(connection, place), _account(connection, place.sender, context)
    code = draw_code(account.secret(KEY), _about(found, place.to), context.now)
    language, brand, _ = _shop(connection, found, place)
    text = say("transcript_code_text", language, brand=brand, code=code)
    subject = say("transcript_code_subject", language, brand=brand, code=code)
    return letter(account, place.to, subject, text, context)


def transcript_letter(connection: sa.Connection, place: Place, code: str, context: Context) -> Letter:
    """The mail with the conversation. Raises Forbidden for a code that is wrong or too old, NotFound, Conflict."""
    found, account = _own(connection, place), _account(connection, place.sender, context)
    if not is_code(code, account.every(KEY), _about(found, place.to), context.now):
        raise Forbidden("This code is wrong or too old.")
    language, brand, zone = _shop(connection, found, place)
    entries = projected(connection, Principal(customer=place.sender), _timeline(connection, found))
    text = write_down(entries, brand=brand, language=language, zone=zone)
    return letter(account, place.to, say("transcript_subject", language, brand=brand), text, context)


async def post(letter: Letter) -> None:
    """Hands it to the mail server. Raises Invalid for an address that it refuses, Unavailable for everything else."""
    try:
        await send(letter.server, letter.mail, letter.sender, letter.to)
    except NotDelivered as error:
        if error.final:
            raise Invalid("The mail server does not take mail for this address.") from error
        log.warning("a transcript cannot be sent", error=error.message)  # names the server: not for customers
        raise Unavailable("The mail cannot be sent at the moment; try again later.") from error


def note_down(tx: Transaction, sender: Sender, conversation_id: str, context: Context) -> None:
    """Leaves in the audit that a copy went out; not where to."""
    actor = f"customer:{sender.contact}"
    audit.record(
        tx, sender.tenant, actor=actor, action="transcript", subject=conversation_id, detail={}, now=context.now
    )


def _own(connection: sa.Connection, place: Place) -> Conversation:
    return visible(connection, Principal(customer=place.sender), place.conversation)


def _account(connection: sa.Connection, sender: Sender, context: Context) -> Account:
    name = mail_account(connection, sender.tenant)
    if name is None:
        raise Conflict("No mail account of this tenant is in use.")
    return channels.find(connection, sender.tenant, name, Seal(context.settings.encryption_key.get_secret_value()))


def _about(found: Conversation, to: str) -> Sequence[str]:
    return (found.tenant, found.id, to)


def _shop(connection: sa.Connection, found: Conversation, place: Place) -> tuple[str, str, ZoneInfo]:
    """The language of the mail, the shop's name in it, and its time zone."""
    settings = tenants.find(connection, found.tenant).settings
    language = place.language or found.language
    return language, settings.name.get(language.partition("-")[0]) or settings.name[found.language], settings.zone


def _timeline(connection: sa.Connection, found: Conversation) -> list[Entry]:
    entries: list[Entry] = []
    while page := store.entries_after(connection, found.tenant, found.id, len(entries), limit=PAGE):
        entries += page
    return entries
