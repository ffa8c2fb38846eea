"""E-mail: fetched by IMAP, or pushed by a provider (mail_providers.py) with the whole mail as it came; sent by SMTP.

Threads: our Message-IDs, the plus address and the mark in the subject carry the conversation with a proof of ours, so
that a mail which answers one belongs to it whoever sent it; a sender's address alone opens nobody else's conversation.
"""

from __future__ import annotations

import asyncio
import hashlib
import html
import re
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

import structlog

from handoff_service.channels.caller import Caller
from handoff_service.channels.doctor_words import remark
from handoff_service.channels.mail_proof import PROOF, given_at, is_ours, prove, prove_mail
from handoff_service.channels.mail_providers import PROVIDERS, SES
from handoff_service.channels.mail_read import ADDRESS, Mail, read
from handoff_service.channels.mail_sender import Verdict, verdict
from handoff_service.channels.mail_sns import CERTIFICATES, TOPIC, confirm, mail_of
from handoff_service.channels.mail_ways import MAIL_SERVER, Server, log_in, look, send
from handoff_service.channels.mail_words import safe_html
from handoff_service.channels.model import (
    Abilities,
    Account,
    Checked,
    Download,
    Fetched,
    Field,
    Happening,
    Inbound,
    Media,
    Notice,
    Outbound,
    Parsed,
    Takes,
    WebhookRequest,
)
from handoff_service.channels.wording import Form, Markup
from handoff_service.errors import Malformed, NotDelivered, Unauthorized

log = structlog.get_logger()

MEGABYTE = 1024 * 1024
HOURLY = 12
WAYS = ("imap", *PROVIDERS)
CONVERSATION = r"c_[0-9a-z]{4,40}"
OURS = re.compile(rf"<t\.({CONVERSATION})\.([0-9a-zA-Z_.]{{1,60}})\.({PROOF})@[^>]+>")
PLUS = re.compile(rf"[^@+]+\+({CONVERSATION})\.({PROOF})@.+")
MARK = re.compile(rf"\[#({CONVERSATION})\.({PROOF})\]")
LINK = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.DOTALL)
TAG = re.compile(r"<[^>]*>")
HAN = re.compile(r"[\u4e00-\u9fff]")
SERVERS = re.compile(r"(?:mailer-daemon|postmaster)@", re.IGNORECASE)
ANSWERED = re.compile(r"^\s*(?:re|aw|回复|答复|回覆)\s*[:：]\s*", re.IGNORECASE)


class MailChannel:
    abilities = Abilities(
        title="E-mail",
        form=Form(Markup.HTML, 60_000),
        files=Takes(("",), 20 * MEGABYTE),
        most_bytes=26 * MEGABYTE,
        hourly=HOURLY,
        checked="vectors of SendGrid's test suite, formulas of Mailgun and SNS; real SMTP, IMAP as RFC 3501 has it",
    )
    fields = (
        Field("address", "our address, as support@shop.example", pattern=r"[^\s<>@,;]{1,64}@[A-Za-z0-9.-]{1,190}"),
        Field("provider", "how mails come: imap, mailgun, postmark, sendgrid or ses", pattern="|".join(WAYS)),
        Field("smtp", "smtps://host:465, or smtp://host:587 with STARTTLS", pattern=MAIL_SERVER.format("smtp")),
        Field("smtp_user", "user there", optional=True),
        Field("smtp_password", "password there", secret=True, optional=True),
        Field("imap", "imaps://host:993 (provider imap)", optional=True, pattern=MAIL_SERVER.format("imap")),
        Field("imap_user", "user there", optional=True),
        Field("imap_password", "password there", secret=True, optional=True),
        Field(
            "signing_key",
            "Mailgun's HTTP signing key, SendGrid's public key, or Postmark's user:password",
            secret=True,
            optional=True,
        ),
        Field("topic", "ARN of the SNS topic to which Amazon SES publishes mails", optional=True, pattern=TOPIC),
        Field("api", "another SNS server", optional=True),
        Field("thread_key", "proves that a mail answers one of ours", secret=True, made=True),
        Field("plus", "yes: the mailbox takes support+anything@", optional=True, pattern="yes|no"),
        Field(
            "authserv",
            "our mail server's name in Authentication-Results: what it finds of senders is shown to agents",
            optional=True,
            pattern=r"[A-Za-z0-9._-]{1,190}",
        ),
    )

    def check(self, account: Account, request: WebhookRequest) -> Checked:
        by = PROVIDERS.get(account.options["provider"])
        if by is None:
            raise Unauthorized("This account fetches its mails; nothing is to be posted here.")
        return by(account, request)

    def parse(self, account: Account, checked: Checked) -> Parsed:
        mail = mail_of(checked) if account.options["provider"] == SES else checked.body
        if isinstance(mail, Parsed):
            return mail
        happening = event(account, read(mail))
        return Parsed([happening] if happening else [])

    async def learn(self, caller: Caller, account: Account, request: WebhookRequest) -> None:
        """What must be known before a request can be checked: SNS signs with a key that it shows at its own address."""
        if account.options["provider"] == SES:
            await CERTIFICATES.learn(caller, account, request)

    async def fetch(self, caller: Caller, account: Account, cursor: str, ticket: str = "") -> Fetched:
        """New mails of a mailbox; of SNS a subscription is confirmed, whose address is the ticket."""
        if account.options["provider"] != "imap":
            if ticket and account.options["provider"] == SES:
                await confirm(caller, account, ticket)
            return Fetched(events=[], cursor=cursor)
        found = await look(_mailbox(account, caller), cursor, account.last_event_at or account.created_at)
        events: list[Happening] = []
        for raw in found.mails:
            try:
                happening = event(account, await asyncio.to_thread(read, raw))
            except Malformed as error:
                log.warning("mail left out", account=account.id, error=error.message)
                continue
            events += [happening] if happening else []
        return Fetched(events=events, cursor=found.cursor, more=found.more)

    async def send(self, caller: Caller, account: Account, message: Outbound, now: datetime) -> str | None:
        if not ADDRESS.fullmatch(message.contact):
            raise NotDelivered("this customer has no mail address here", final=True)
        made = compose(account, message, now)
        server = smtp_of(account, guarded=caller.guarded)
        await send(server, made, account.options["address"], message.contact, last_look=caller.last_look)
        return str(made["Message-ID"])

    async def locate(self, caller: Caller, account: Account, media: Media) -> Download:  # noqa: ARG002
        raise NotDelivered("attachments come with their mail; there is nothing to fetch", final=True)

    async def probe(self, caller: Caller, account: Account) -> Sequence[str]:
        await log_in(smtp_of(account, guarded=caller.guarded))
        if account.options["provider"] == "imap":
            await log_in(_mailbox(account, caller))
            return []
        if account.options["provider"] == SES:
            return [] if account.options.get("topic") else [remark("no_topic")]
        return [] if account.secret("signing_key") else [remark("no_signing_key")]


def event(account: Account, mail: Mail) -> Happening | None:
    """What a mail means; None for our own and for what mail servers report. Other programs are shown, unanswered."""
    event_id = hashlib.sha256(mail.message_id.encode("utf-8", "replace")).hexdigest()[:48]
    if mail.bounce is not None:
        ours = OURS.fullmatch(mail.bounce.message_id)
        if ours is None or not is_ours(account, *ours.groups()):
            return None
        failed, reason = Notice.What.FAILED, f"the mail came back: {mail.bounce.reason}"
        lost = mail.bounce.message_id
        return Notice(event_id=event_id, contact="bounce", what=failed, provider_id=lost, reason=reason)
    if mail.sender == account.options["address"].lower() or SERVERS.match(mail.sender):
        log.info("mail of ours or of a mail server left out", account=account.id, sender=mail.sender)
        return None
    subject = ANSWERED.sub("", MARK.sub("", mail.subject)).strip()
    answers, proven_at = thread(account, mail)
    found = verdict(mail.results, account.options.get("authserv", ""), mail.sender, alone=mail.alone)
    text = mail.text if answers or not subject else f"{subject}\n\n{mail.text}".strip()
    hint = {
        "message_id": mail.message_id,
        "references": " ".join(reversed(mail.answers[:10])),
        "subject": subject,
    }
    files = mail.files
    # A file or an unreadable message would be answered; its names in words are not.
    if mail.automatic or found is Verdict.FORGED:
        text = "\n".join([text or mail.subject or "…", *(f"[{one.name or one.kind}]" for one in files)])
        files = ()
    return Inbound(
        event_id=event_id,
        contact=mail.sender,
        name=mail.name,
        language="zh" if HAN.search(f"{subject}{mail.text}") else "en",
        body={"text": text} if text else {},
        unsupported=None if text or files else "mail",
        media=files,
        quiet=bool(mail.automatic),
        hint=hint,
        answers=answers,
        proven_at=proven_at,
        vouched=found,
    )


def thread(account: Account, mail: Mail) -> tuple[str, datetime | None]:
    """The conversation that a mail proves to answer, by our plus address, Message-ID or mark, and since when it can.

    Empty and None for a mail that answers none of ours.
    """
    places = [(PLUS, mail.to), (OURS, mail.answers), (MARK, MARK.findall(mail.subject) and [mail.subject])]
    for pattern, texts in places:
        for one in texts or ():
            found = pattern.search(one) if pattern is MARK else pattern.fullmatch(one)
            if found is None:
                continue
            part = found.group(2) if pattern is OURS else ""
            proof = found.groups()[-1]
            since = given_at(proof, part)
            if since is not None and is_ours(account, found.group(1), part, proof):
                return found.group(1), since
    return "", None


def compose(account: Account, message: Outbound, now: datetime) -> EmailMessage:
    """The mail: text and harmless HTML, in the customer's thread, marked so that no program answers it."""
    own = account.options["address"]
    domain = own.rpartition("@")[2]
    made = EmailMessage()
    made["From"] = f'"{quotable(account.name)}" <{own}>'
    made["To"] = message.contact
    made["Subject"] = _subject(account, message)
    made["Date"] = format_datetime(now)
    name, proof = prove_mail(account, message.conversation, f"{message.mid}.{message.part}", message.at)
    made["Message-ID"] = f"<t.{message.conversation}.{name}.{proof}@{domain}>"
    if _is_id(before := message.hint.get("message_id", "")):
        made["In-Reply-To"] = before
        made["References"] = " ".join([*filter(_is_id, message.hint.get("references", "").split()), before])
    if account.options.get("plus") == "yes":
        local = own.rpartition("@")[0]
        own_proof = prove(account, message.conversation, message.at)
        made["Reply-To"] = f"{local}+{message.conversation}.{own_proof}@{domain}"
    if message.author_kind != "agent":
        made["Auto-Submitted"] = "auto-replied"
    made["X-Auto-Response-Suppress"] = "All"
    if message.file is not None:
        made.set_content(f"{message.file.name}\n", cte="base64")
        main, _, sub = message.file.type.partition("/")
        made.add_attachment(message.file.content, maintype=main, subtype=sub, filename=message.file.name)
        return made
    made.set_content(f"{_plain(message.text)}\n", cte="base64")
    page = safe_html(message.text.replace("\n", "<br>\n"))
    made.add_alternative(f"<!doctype html>\n<html><body>{page}</body></html>\n", subtype="html", cte="base64")
    return made


def _plain(text: str) -> str:
    """The small HTML of the channel's form as plain text; links keep their address."""
    shown = LINK.sub(lambda found: found[2] if found[1] == found[2] else f"{found[2]} <{found[1]}>", text)
    return html.unescape(TAG.sub("", shown.replace(" <http", " &lt;http")))


def _subject(account: Account, message: Outbound) -> str:
    subject = message.hint.get("subject", "")
    said = f"Re: {subject}" if subject else account.name
    if account.options.get("plus") != "yes":
        said = f"{said[:150]} [#{message.conversation}.{prove(account, message.conversation, message.at)}]"
    return " ".join(said.split())[:240]


def quotable(name: str) -> str:
    """A name as it may stand between the quotes of a From header."""
    return "".join(one for one in name if one.isprintable() and one not in '"\\')


def _is_id(given: str) -> bool:
    return bool(re.fullmatch(r"<[\x21-\x3b\x3d\x3f-\x7e]{3,250}>", given))


def smtp_of(account: Account, *, guarded: bool) -> Server:
    """Where the account's mails are handed over."""
    user = account.options.get("smtp_user", "")
    return Server(account.options["smtp"], user, account.secret("smtp_password"), guarded)


def _mailbox(account: Account, caller: Caller) -> Server:
    if not account.options.get("imap"):
        raise NotDelivered("the account has no `imap` server", final=True)
    user = account.options.get("imap_user") or account.options["address"]
    return Server(account.options["imap"], user, account.secret("imap_password"), caller.guarded)
