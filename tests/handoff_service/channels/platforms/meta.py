"""Meta's webhooks and Graph API as documented, for WhatsApp, Messenger and Instagram."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from tests.handoff_service.channels.platforms.fake import Call, Hook, Platform, Received, Response

TOKEN, SECRET = "EAAG-an-access-token-0123456789", "0123456789abcdef0123456789abcdef"
NUMBER, PAGE = "114896151713920", "90210902109021"


class _Meta(Platform):
    def __init__(self) -> None:
        super().__init__()
        self.closed: set[str] = set()

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        raw = json.dumps(self._body(events)).encode()  # escaped to ASCII, as Meta does before it signs
        key = (secret if secret is not None else SECRET).encode()
        signed = hmac.new(key, raw, hashlib.sha256).hexdigest()
        return Hook(raw, {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signed}"})

    def handshake(self, secret: str | None = None) -> tuple[Hook, bytes]:
        assert self.account is not None
        token = secret or self.account.secret("verify_token")
        query = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1158201444"}
        return Hook(b"", {}, "GET", urlencode(query)), b"1158201444"

    @abstractmethod
    def _body(self, events: tuple[Mapping[str, Any], ...]) -> dict[str, Any]:
        """These events as one webhook carries them."""

    def _refusal(self, call: Call, contact: str, text: str, most: int) -> Response | None:
        if call.headers.get("authorization") != f"Bearer {TOKEN}":
            return _error(401, 190, "Invalid OAuth access token")
        if contact in self.closed:
            return _error(400, self.outside, "outside of the allowed window", sub=2018278)
        return _error(400, 100, "too long") if self.measure(text) > most else None

    outside = 131047
    measure = staticmethod(len)


class FakeWhatsApp(_Meta):
    bundles = True
    channel = "whatsapp"
    signing = "app_secret"

    def photo(self, contact: str, content: bytes) -> dict[str, Any]:
        return self._message(contact, "image", {"id": self.keep(content), "mime_type": "image/png"})

    def carries(self, call: Call) -> bool:
        return call.path.endswith("/messages")

    def fields(self) -> dict[str, str]:
        return {"access_token": TOKEN, "app_secret": SECRET, "phone_number_id": NUMBER, "api": self.url}

    def text(self, contact: str, text: str) -> dict[str, Any]:
        return self._message(contact, "text", {"body": text})

    def strange(self, contact: str) -> dict[str, Any]:
        return self._message(contact, "order", {"catalog_id": "1"})

    def press(self, contact: str, message: Received, index: int) -> dict[str, Any]:
        button = message.buttons[index]
        return self._message(contact, "interactive", {"type": "button_reply", "button_reply": dict(button)})

    def fates(self, contact: str, provider_id: str) -> list[dict[str, Any]]:
        failed = {"errors": [{"code": 131026, "title": "Message undeliverable"}]}
        told = [("sent", {}), ("delivered", {}), ("read", {}), ("failed", failed)]
        return [self.fate(provider_id, contact, status, **parts) for status, parts in told]

    def fate(self, message_id: str, contact: str, status: str, **parts: Any) -> dict[str, Any]:
        return {"id": message_id, "status": status, "timestamp": "1694492484", "recipient_id": contact, **parts}

    def answer(self, call: Call) -> Response:
        name = call.path.rpartition("/")[2]
        if call.method == "GET":
            if call.headers.get("authorization") != f"Bearer {TOKEN}":
                return _error(401, 190, "Invalid OAuth access token")
            if call.path.startswith("/lookaside/"):
                return self.kept(name)
            if name == NUMBER:
                return Response(body={"id": NUMBER, "quality_rating": "GREEN"})
            if name not in self.media:
                return _error(400, 100, "Unsupported get request. Object does not exist")
            return Response(body={"url": f"{self.url}/lookaside/{name}", "id": name})
        if call.path == f"/{NUMBER}/media":
            assert call.parts["messaging_product"] == b"whatsapp"
            return Response(body={"id": self.uploaded(call.parts["file"])})
        if call.path != f"/{NUMBER}/messages":
            return _error(404, 100, "Unsupported post request")
        body = call.json
        if body["type"] in ("image", "document"):
            self.received.append(Received(body["to"], "", files=[body[body["type"]]["id"]]))
            return Response(body={"messages": [{"id": f"wamid.out{self.number()}"}]})
        interactive = body.get("interactive") or {}
        text = (interactive.get("body") or body.get("text") or {}).get("text") or body.get("text", {}).get("body", "")
        contact = body["to"]
        refusal = self._refusal(call, contact, text, 1024 if interactive else 4096)
        if refusal is not None:
            return refusal
        action = interactive.get("action") or {}
        buttons = [one["reply"] for one in action.get("buttons", ())]
        buttons += [row for section in action.get("sections", ()) for row in section["rows"]]
        if any(len(one["title"]) > 20 for one in buttons) or len(action.get("buttons", ())) > 3:
            return _error(400, 131009, "Parameter value is not valid")
        self.received.append(Received(contact, text, buttons))
        return Response(body={"messages": [{"id": f"wamid.out{self.number()}"}]})

    def _message(self, contact: str, kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "from": contact,
            "id": f"wamid.{self.number()}",
            "timestamp": str(int(time.time())),
            "type": kind,
            kind: dict(content),
        }

    def _body(self, events: tuple[Mapping[str, Any], ...]) -> dict[str, Any]:
        messages = [one for one in events if "from" in one]
        people = [
            {"profile": {"name": "Lee"}, "wa_id": one["from"], "user_id": f"MY.{one['from']}"} for one in messages
        ]
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "15550984277", "phone_number_id": NUMBER},
            "contacts": people,
            "messages": messages,
            "statuses": [one for one in events if "status" in one],
        }
        changes = [{"value": value, "field": "messages"}]
        return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}


class FakeMessenger(_Meta):
    bundles = True
    channel = "messenger"
    signing = "app_secret"
    kind, most, outside = "page", 2000, 10

    def fields(self) -> dict[str, str]:
        return {"access_token": TOKEN, "app_secret": SECRET, "page_id": PAGE, "app_id": "1234567890", "api": self.url}

    def text(self, contact: str, text: str) -> dict[str, Any]:
        return self._event(contact, message={"mid": f"m_{self.number()}", "text": text})

    def strange(self, contact: str) -> dict[str, Any]:
        attachment = {"type": "fallback", "payload": {}}
        return self._event(contact, message={"mid": f"m_{self.number()}", "attachments": [attachment]})

    def press(self, contact: str, message: Received, index: int) -> dict[str, Any]:
        button = message.buttons[index]
        reply = {"mid": f"m_{self.number()}", "text": button["title"], "quick_reply": {"payload": button["payload"]}}
        return self._event(contact, message=reply)

    def photo(self, contact: str, content: bytes) -> dict[str, Any]:
        attachment = {"type": "image", "payload": {"url": f"{self.url}/scontent/{self.keep(content)}"}}
        return self._event(contact, message={"mid": f"m_{self.number()}", "attachments": [attachment]})

    def own_echo(self, contact: str) -> dict[str, Any]:
        return self.echo(contact, "our own words", "1234567890")

    def echo(self, contact: str, text: str, app: str) -> dict[str, Any]:
        message = {"mid": f"m_{self.number()}", "text": text, "is_echo": True, "app_id": int(app)}
        event = self._event(PAGE, message=message)
        return {**event, "recipient": {"id": contact}}

    def answer(self, call: Call) -> Response:
        if call.path.startswith("/scontent/"):
            assert "authorization" not in call.headers, "the address is signed; it needs no keys"
            return self.kept(call.path.rpartition("/")[2])
        if call.path == f"/{PAGE}" and call.method == "GET":
            right = call.headers.get("authorization") == f"Bearer {TOKEN}"
            return Response(body={"id": PAGE}) if right else _error(401, 190, "Invalid OAuth access token")
        if call.path != f"/{PAGE}/messages":
            return _error(404, 100, "Unsupported post request")
        body = call.json
        if "attachment" in body["message"]:
            url = body["message"]["attachment"]["payload"]["url"]
            self.received.append(Received(body["recipient"]["id"], "", files=[url]))
            return Response(body={"message_id": f"m_out{self.number()}"})
        contact, text = body["recipient"]["id"], body["message"]["text"]
        refusal = self._refusal(call, contact, text, self.most)
        if refusal is not None:
            return refusal
        self.received.append(Received(contact, text, body["message"].get("quick_replies", ())))
        return Response(body={"recipient_id": contact, "message_id": f"m_out{self.number()}"})

    def _event(self, contact: str, **parts: Any) -> dict[str, Any]:
        now = int(time.time() * 1000)
        return {"sender": {"id": contact}, "recipient": {"id": PAGE}, "timestamp": now, **parts}

    def _body(self, events: tuple[Mapping[str, Any], ...]) -> dict[str, Any]:
        return {"object": self.kind, "entry": [{"id": PAGE, "time": 1458692752478, "messaging": list(events)}]}


class FakeInstagram(FakeMessenger):
    channel = "instagram"
    kind, most = "instagram", 1000
    measure = staticmethod(lambda text: len(text.encode()))


def _error(status: int, code: int, message: str, sub: int = 0) -> Response:
    return Response(status, {"error": {"message": message, "code": code, "error_subcode": sub}})
