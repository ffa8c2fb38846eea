"""Twilio's SMS as documented: a signed form, TwiML expected, errors with codes."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from tests.handoff_service.channels.platforms.fake import Call, Hook, Platform, Received, Response

SID, TOKEN, NUMBER = "AC" + "0" * 32, "12345abcde", "+14155550100"


class FakeTwilio(Platform):
    channel = "sms"
    signing = "auth_token"
    accepted = staticmethod(lambda answer: answer.status == 200 and b"<Response/>" in answer.body)

    def fields(self) -> dict[str, str]:
        return {"account_sid": SID, "auth_token": TOKEN, "number": NUMBER, "api": self.url}

    def text(self, contact: str, text: str) -> dict[str, Any]:
        return {
            "MessageSid": f"SM{self.number():032}",
            "From": f"+{contact}",
            "To": NUMBER,
            "Body": text,
            "NumMedia": "0",
        }

    def fates(self, contact: str, provider_id: str) -> list[dict[str, Any]]:
        ends = {"MessageSid": provider_id, "From": NUMBER, "To": f"+{contact}"}
        told = [{"MessageStatus": "sent"}, {"MessageStatus": "undelivered", "ErrorCode": "30003"}]
        return [{**ends, **status} for status in told]

    def photo(self, contact: str, content: bytes) -> dict[str, Any]:
        url = f"{self.url}/Accounts/{SID}/Messages/MM1/Media/{self.keep(content)}"
        return {**self.text(contact, ""), "NumMedia": "1", "MediaUrl0": url, "MediaContentType0": "image/png"}

    def carries(self, call: Call) -> bool:
        return call.path.endswith("/Messages.json")

    def strange(self, contact: str) -> dict[str, Any]:
        return self.text(contact, "")

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        (event,) = events
        words = self.webhook + "".join(name + str(event[name]) for name in sorted(event))
        key = secret if secret is not None else TOKEN
        signed = base64.b64encode(hmac.new(key.encode(), words.encode(), hashlib.sha1).digest()).decode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signed}
        return Hook(urlencode(event).encode(), headers)

    def answer(self, call: Call) -> Response:
        key = base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
        if call.path.startswith("/storage/"):  # where Twilio sends who asks for a medium, without the keys
            assert "authorization" not in call.headers, "the keys went to another host"
            return self.kept(call.path.rpartition("/")[2])
        if call.headers.get("authorization") != f"Basic {key}":
            return Response(401, {"code": 20003, "message": "Authenticate"})
        if call.path == f"/Accounts/{SID}.json":
            return Response(body={"sid": SID, "status": "active"})
        if "/Media/" in call.path:
            elsewhere = self.url.replace("127.0.0.1", "localhost")
            return Response(307, headers={"Location": f"{elsewhere}/storage/{call.path.rpartition('/')[2]}"})
        if call.path != f"/Accounts/{SID}/Messages.json":
            return Response(404, {"code": 20404, "message": "not found"})
        form = call.form
        if "MediaUrl" in form:
            self.received.append(Received(form["To"].removeprefix("+"), "", files=[form["MediaUrl"]]))
            return Response(201, {"sid": f"MM{self.number():032}", "status": "queued"})
        if len(form["Body"]) > 1600:
            return Response(400, {"code": 21617, "message": "too long"})
        self.received.append(Received(form["To"].removeprefix("+"), form["Body"]))
        return Response(201, {"sid": f"SM{self.number():032}", "status": "queued"})
