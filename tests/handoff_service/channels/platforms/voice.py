"""Twilio's calls as documented: signed forms with what was heard, TwiML as the answer, calls in progress changed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from tests.handoff_service.channels.platforms.fake import Call, Hook, Platform, Received, Response
from tests.handoff_service.channels.platforms.twilio import NUMBER, SID, TOKEN


class FakeVoice(Platform):
    channel = "voice"
    signing = "auth_token"
    accepted = staticmethod(lambda answer: answer.status == 200 and b"<Response>" in answer.body)

    def __init__(self) -> None:
        super().__init__()
        self.over: set[str] = set()

    def fields(self) -> dict[str, str]:
        return {"account_sid": SID, "auth_token": TOKEN, "pace": "1000000", "api": self.url}

    def text(self, contact: str, text: str) -> dict[str, Any]:
        return self.event(contact, turn=str(self.number()), SpeechResult=text, Confidence="0.9")

    def strange(self, contact: str) -> dict[str, Any]:
        return self.event(contact, turn=str(self.number()), RecordingUrl=f"{self.url}/recording")

    def event(self, contact: str, turn: str = "", **fields: str) -> dict[str, Any]:
        """A request about the caller's call; without a turn it has just begun, or has ended."""
        call = {"CallSid": f"CA{contact:0>32}", "From": f"+{contact}", "To": NUMBER, "CallStatus": "in-progress"}
        return {**call, **fields, "query": f"turn={turn}" if turn else ""}

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        (event,) = events
        query = event["query"]
        if not isinstance(query, str) or (query and not query.startswith("turn=")):
            raise TypeError("an address cannot hold this")
        form = {name: str(value) for name, value in event.items() if name != "query"}
        words = (f"{self.webhook}?{query}" if query else self.webhook) + "".join(n + form[n] for n in sorted(form))
        key = secret if secret is not None else TOKEN
        signed = base64.b64encode(hmac.new(key.encode(), words.encode("utf-8", "surrogatepass"), hashlib.sha1).digest())
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signed.decode()}
        return Hook(urlencode(form).encode(), headers, query=query)

    def answer(self, call: Call) -> Response:
        key = base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
        if call.headers.get("authorization") != f"Basic {key}":
            return Response(401, {"code": 20003, "message": "Authenticate"})
        if call.path == f"/Accounts/{SID}.json":
            return Response(body={"sid": SID, "status": "active"})
        sid = call.path.rpartition("/")[2].removesuffix(".json")
        if sid in self.over:
            return Response(400, {"code": 21220, "message": "Call is not in-progress. Cannot redirect."})
        said = ElementTree.fromstring(call.form["Twiml"]).find("./Gather/Say")
        assert said is not None
        self.received.append(Received(sid.removeprefix("CA").lstrip("0"), said.text or ""))
        return Response(body={"sid": sid, "status": "in-progress"})
