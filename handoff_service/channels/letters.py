"""Mails of our own that belong to no conversation: by the mail account of the tenant, in plain text."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

import sqlalchemy as sa

from handoff_service.channels import store
from handoff_service.channels.mail import quotable, smtp_of
from handoff_service.channels.mail_ways import Server
from handoff_service.channels.model import Account
from handoff_service.conversations.change import Context

EMAIL = "email"


@dataclass(frozen=True)
class Letter:
    """A mail that is ready to go: to one address, by the SMTP server of the tenant's account."""

    server: Server
    sender: str
    to: str
    mail: EmailMessage


def mail_account(connection: sa.Connection, tenant: str) -> str | None:
    """The id of the account by which a tenant's mails go: the oldest one that is not switched off."""
    return store.oldest(connection, tenant, EMAIL)


def letter(account: Account, to: str, subject: str, text: str, context: Context) -> Letter:
    """Plain text, which no mail program runs; marked so that no program answers it."""
    own = account.options["address"]
    mail = EmailMessage()
    mail["From"] = f'"{quotable(account.name)}" <{own}>'
    mail["To"] = to
    mail["Subject"] = " ".join(subject.split())[:200]
    mail["Date"] = format_datetime(context.now)
    mail["Message-ID"] = make_msgid(domain=own.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(f"{text}\n", cte="base64")
    return Letter(smtp_of(account, guarded=context.settings.environment == "production"), own, to, mail)
