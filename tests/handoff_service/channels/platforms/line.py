"""LINE as documented: signed webhooks with several events, retry keys, an error for what is too long."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from tests.handoff_service.channels.platforms.fake import Call, Hook, Platform, Received, Response

SECRET, TOKEN = "8c570fa6dd201bb328f1c1eac23a96d8", "line-access-token-0123456789"


class FakeLine(Platform):
    bundles = True
    channel = "line"
    signing = "channel_secret"

    def __init__(self) -> None:
        super().__init__()
        self.keys: set[str] = set()
        self.tokens: dict[str, str] = {}  # whose they are; each is good once
        self.pushed = 0  # what counts against the quota

    def fields(self) -> dict[str, str]:
        return {"channel_secret": SECRET, "access_token": TOKEN, "api": self.url}

    def text(self, contact: str, text: str) -> dict[str, Any]:
        return self._event(contact, type="message", message={"id": str(self.number()), "type": "text", "text": text})

    def photo(self, contact: str, content: bytes) -> dict[str, Any]:
        message = {"id": self.keep(content), "type": "image", "contentProvider": {"type": "line"}}
        return self._event(contact, type="message", message=message)

    def strange(self, contact: str) -> dict[str, Any]:
        return self._event(contact, type="message", message={"id": str(self.number()), "type": "sticker"})

    def press(self, contact: str, message: Received, index: int) -> dict[str, Any]:
        return self._event(contact, type="postback", postback={"data": message.buttons[index]["data"]})

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        raw = json.dumps({"destination": "U8e742", "events": list(events)}, ensure_ascii=False).encode()
        key = (secret if secret is not None else SECRET).encode()
        signed = base64.b64encode(hmac.new(key, raw, hashlib.sha256).digest()).decode()
        return Hook(raw, {"Content-Type": "application/json", "X-Line-Signature": signed})

    def answer(self, call: Call) -> Response:
        if call.headers.get("authorization") != f"Bearer {TOKEN}":
            return Response(401, {"message": "Authentication failed"})
        if call.path.endswith("/bot/info"):
            return Response(body={"userId": "U8e742"})
        if call.path.endswith("/content"):
            return self.kept(call.path.split("/")[-2], Response(404, {"message": "Not found"}))
        if call.path.endswith("/message/reply"):
            contact = self.tokens.pop(call.json["replyToken"], "")
            if not contact:
                return Response(400, {"message": "Invalid reply token"})
            return self._shown(contact, call.json["messages"], f"reply{self.number()}")
        key = call.headers.get("x-line-retry-key", "")
        if key in self.keys:
            return Response(409, {"message": "The retry key is already accepted", "sentMessages": [{"id": key}]})
        self.pushed += 1
        return self._shown(call.json["to"], call.json["messages"], key)

    def _shown(self, contact: str, messages: Any, key: str) -> Response:
        (message,) = messages
        if message["type"] == "image":
            self.keys.add(key)
            self.received.append(Received(contact, "", files=[message["originalContentUrl"]]))
            return Response(body={"sentMessages": [{"id": str(self.number())}]})
        if len(message["text"].encode("utf-16-le")) // 2 > 5000:
            return Response(400, {"message": "The text is too long"})
        items = [one["action"] for one in (message.get("quickReply") or {}).get("items", ())]
        if any(len(one["label"]) > 20 for one in items) or len(items) > 13:
            return Response(400, {"message": "A message (messages[0]) in the request body is invalid"})
        self.keys.add(key)
        self.received.append(Received(contact, message["text"], [{**one, "title": one["label"]} for one in items]))
        return Response(body={"sentMessages": [{"id": str(self.number())}]})

    def carries(self, call: Call) -> bool:
        return call.path.endswith(("/message/reply", "/message/push"))

    def _event(self, contact: str, **parts: Any) -> dict[str, Any]:
        token = f"reply{self.number()}"
        self.tokens[token] = contact
        return {
            "mode": "active",
            "timestamp": int(time.time() * 1000),
            "source": {"type": "user", "userId": contact},
            "webhookEventId": f"01FZ74A0TDDPYRVKNK77XKC{self.number():03}",
            "deliveryContext": {"isRedelivery": False},
            "replyToken": token,
            **parts,
        }
