"""E-mail as it is: mails come signed by Mailgun, as they were sent; ours go to a real SMTP server on the loopback."""

from __future__ import annotations

import email
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

from tests.handoff_service.channels.platforms.fake import Call, Hook, Platform, Received, Response
from tests.handoff_service.web.serving import free_port

OWN, DOMAIN, KEY = "support@shop.example", "customers.example", "key-0123456789abcdef0123456789abcdef"
BOUNDARY = "mailgun-boundary-1f2e3d"


class FakeMail(Platform):
    signs_time = True
    channel = "email"
    signing = "signing_key"
    keeps_media = False

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[EmailMessage] = []
        self._lines: list[Any] = []
        self.smtp_port = free_port()
        self._smtp = Controller(self, hostname="127.0.0.1", port=self.smtp_port, enable_SMTPUTF8=True)
        self._smtp.start()

    def close(self) -> None:
        for line in self._lines:
            self._smtp.loop.call_soon_threadsafe(line.abort)
        self._smtp.stop()
        super().close()

    def fields(self) -> dict[str, str]:
        server = f"smtp://127.0.0.1:{self.smtp_port}"
        return {"address": OWN, "provider": "mailgun", "smtp": server, "signing_key": KEY}

    def text(self, contact: str, text: str) -> dict[str, Any]:
        return {"mail": self._mail(contact, text).as_bytes()}

    def strange(self, contact: str) -> dict[str, Any]:
        return self.text(contact, "")

    def own_echo(self, contact: str) -> dict[str, Any]:
        made = self._mail(contact, "our own words")
        made.replace_header("From", f"Shop <{OWN}>")
        return {"mail": made.as_bytes()}

    def photo(self, contact: str, content: bytes) -> dict[str, Any]:
        made = self._mail(contact, "")
        made.add_attachment(content, maintype="image", subtype="png", filename="破损.png")
        return {"mail": made.as_bytes()}

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        (event,) = events
        stamp, token = str(int(self.now())), f"{self.number():050}"
        key = secret if secret is not None else KEY
        signed = hmac.new(key.encode("utf-8", "surrogateescape"), f"{stamp}{token}".encode(), hashlib.sha256)
        fields = {"timestamp": stamp.encode(), "token": token.encode(), "signature": signed.hexdigest().encode()}
        raw = b""
        for name, value in {**fields, "body-mime": event["mail"]}.items():
            head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
            raw += head.encode() + value + b"\r\n"
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        return Hook(raw + f"--{BOUNDARY}--\r\n".encode(), {"Content-Type": kind})

    def tampered(self, hook: Hook) -> Hook:
        at = hook.raw.index(b'name="signature"') + 20
        changed = b"0" if hook.raw[at : at + 1] != b"0" else b"1"
        return replace(hook, raw=hook.raw[:at] + changed + hook.raw[at + 1 :])

    def answer(self, call: Call) -> Response:
        raise AssertionError(f"mail servers have no web API: {call.path}")

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: Any) -> Any:  # noqa: ARG002
        self._lines.append(server.transport)
        session.host_name = hostname
        return responses

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002
        """What our SMTP server does with a mail (aiosmtpd's hook)."""
        made = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(made, EmailMessage)
        fault = self.faults.popleft() if self.faults else None
        if fault is not None and not fault.drop:
            return {503: "451 try again later", 429: "450 too fast", 400: "550 no such mailbox"}[fault.status]
        assert [one.encode() for one in envelope.rcpt_tos] == [str(made["To"]).encode()]
        self.mails.append(made)
        body = made.get_body(("plain",))
        files = [self.uploaded(part.get_content()) for part in made.iter_attachments()]
        text = body.get_content().removesuffix("\n") if body is not None else ""
        self.received.append(Received(str(made["To"]).partition("@")[0], text, files=files))
        if fault is not None:
            server.transport.abort()
        return "250 taken"

    def _mail(self, contact: str, text: str) -> EmailMessage:
        made = EmailMessage()
        made["From"] = f"Ann <{contact}@{DOMAIN}>"
        made["To"] = OWN
        made["Message-ID"] = f"<{self.number()}.{id(self)}@{DOMAIN}>"
        made.set_content(text, cte="base64")
        return made
