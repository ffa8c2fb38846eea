"""Meta's webhooks and Graph API as documented, for WhatsApp, Messenger and Instagram."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from tests.handoff_service.channels.platforms.fake import Answered, Call, Hook, Platform, Received, Response

TOKEN, SECRET = "EAAG-an-access-token-0123456789", "0123456789abcdef0123456789abcdef"
NUMBER, PAGE, IGID = "114896151713920", "90210902109021", "17841400008460056"
OUR_APP, INBOX = "1234567890", "263902037430900"


class _Meta(Platform):
    def __init__(self) -> None:
        super().__init__()
        self.closed: set[str] = set()

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        self.closed -= {
            str(one.get("from") or (one.get("sender") or {}).get("id")) for one in events if "status" not in one
        }
        raw = json.dumps(self._body(events)).encode()  # escaped to ASCII, as Meta does before it signs
        key = (secret if secret is not None else SECRET).encode()
        signed = hmac.new(key, raw, hashlib.sha256).hexdigest()
        return Hook(raw, {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signed}"})

    def handshake(self, secret: str | None = None) -> tuple[Hook, bytes]:
        assert self.account is not None
        token = secret or self.account.secret("verify_token")
        query = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1158201444"}
        return Hook(b"", {}, "GET", urlencode(query)), b"1158201444"

    def shut(self, contact: str) -> bool:
        self.closed.add(contact)
        return True

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
    templates: Mapping[str, str] = {"order_update": "There is news about your order."}  # what Meta has approved
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
        if body["type"] == "template":
            template = body["template"]
            if template["name"] not in self.templates or template["language"]["code"] not in ("zh_CN", "en_US"):
                return _error(404, 132001, "Template name does not exist in the translation")
            self.received.append(Received(body["to"], self.templates[template["name"]]))
            return Response(body={"messages": [{"id": f"wamid.out{self.number()}"}]})
        if body["type"] in ("image", "document"):
            self.received.append(Received(body.get("to") or body["recipient"], "", files=[body[body["type"]]["id"]]))
            return Response(body={"messages": [{"id": f"wamid.out{self.number()}"}]})
        interactive = body.get("interactive") or {}
        text = (interactive.get("body") or body.get("text") or {}).get("text") or body.get("text", {}).get("body", "")
        contact = body.get("to") or body["recipient"]
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
    """`id` is what its webhooks call the account; whoever sends is known by his token alone ("me")."""

    bundles = True
    channel = "messenger"
    signing = "app_secret"
    kind, id, most, outside = "page", PAGE, 2000, 10
    mids = "m_"

    def __init__(self) -> None:
        super().__init__()
        self.owners: dict[str, str] = {}  # of threads that are another app's
        self.taken: list[str] = []
        self.ahead_s = 0.0  # so long before its answer to us it tells what we have said, without the app
        self.told: list[Answered] = []

    def fields(self) -> dict[str, str]:
        given = {"access_token": TOKEN, "app_secret": SECRET, "page_id": self.id, "app_id": OUR_APP}
        return {**given, "api": self.url}

    def mid(self) -> str:
        return f"{self.mids}{self.number()}"

    def text(self, contact: str, text: str) -> dict[str, Any]:
        return self._event(contact, message={"mid": self.mid(), "text": text})

    def strange(self, contact: str) -> dict[str, Any]:
        attachment = {"type": "fallback", "payload": {}}
        return self._event(contact, message={"mid": self.mid(), "attachments": [attachment]})

    def press(self, contact: str, message: Received, index: int) -> dict[str, Any]:
        button = message.buttons[index]
        reply = {"mid": self.mid(), "text": button["title"], "quick_reply": {"payload": button["payload"]}}
        return self._event(contact, message=reply)

    def photo(self, contact: str, content: bytes) -> dict[str, Any]:
        return self._event(contact, message={"mid": self.mid(), "attachments": [self._picture(content)]})

    def own_echo(self, contact: str) -> dict[str, Any]:
        return self.echo(contact, OUR_APP, text="our own words")

    def echo(self, contact: str, app: str, *, content: bytes = b"", **parts: Any) -> dict[str, Any]:
        """Somebody of the page has answered; `app` is empty where Meta does not tell by which one."""
        shown = {"attachments": [self._picture(content)]} if content else {}
        by = {"app_id": int(app)} if app else {}
        mid = parts.pop("mid", None) or self.mid()
        event = self._event(self.id, message={"mid": mid, "is_echo": True, **by, **shown, **parts})
        return {**event, "recipient": {"id": contact}}

    def read(self, contact: str) -> dict[str, Any]:
        """He has read everything up to now."""
        return self._event(contact, read={"watermark": int(time.time() * 1000)})

    def moved(self, contact: str, app: str) -> dict[str, Any]:
        """The thread of a customer is passed to an app; Meta tells all that listen."""
        before = self.owners.pop(contact, OUR_APP)
        if app != OUR_APP:
            self.owners[contact] = app
        told = {"new_owner_app_id": app, "previous_owner_app_id": before}
        return self._event(contact, **{"take_thread_control" if before == OUR_APP else "pass_thread_control": told})

    def answer(self, call: Call) -> Response:
        if call.path.startswith("/scontent/"):
            assert "authorization" not in call.headers, "the address is signed; it needs no keys"
            return self.kept(call.path.rpartition("/")[2])
        if call.headers.get("authorization") != f"Bearer {TOKEN}":
            return _error(401, 190, "Invalid OAuth access token")
        if call.path == "/me" and call.method == "GET":
            return self._me(call.query["fields"])
        if call.path == "/me/take_thread_control":
            self.taken.append(call.json["recipient"]["id"])
            self.owners.pop(call.json["recipient"]["id"], None)
            return Response(body={"success": True})
        if call.path != "/me/messages":
            return _error(404, 100, "Unsupported post request")
        body = call.json
        contact, text = body["recipient"]["id"], body["message"].get("text", "")
        refusal = self._refusal(call, contact, text, self.most)
        if refusal is not None:
            return refusal
        if contact in self.owners:
            return _error(400, 10, "another app is controlling this thread now", sub=2018300)
        files = [body["message"]["attachment"]["payload"]["url"]] if "attachment" in body["message"] else []
        self.received.append(Received(contact, text, body["message"].get("quick_replies", ()), files=files))
        mid = self.mid()
        if self.ahead_s:
            shown = {"attachments": [{"type": "image", "payload": {"url": files[0]}}]} if files else {"text": text}
            echo = self.echo(contact, "", mid=mid, **shown)
            threading.Thread(target=lambda: self.told.append(self.send(self.hook(echo)))).start()
        return Response(body={"recipient_id": contact, "message_id": mid}, before_s=self.ahead_s)

    def carries(self, call: Call) -> bool:
        return call.path == "/me/messages"

    def _me(self, fields: str) -> Response:
        return Response(body={fields: self.id})

    def _picture(self, content: bytes) -> dict[str, Any]:
        return {"type": "image", "payload": {"url": f"{self.url}/scontent/{self.keep(content)}"}}

    def _event(self, contact: str, **parts: Any) -> dict[str, Any]:
        now = int(time.time() * 1000)
        return {"sender": {"id": contact}, "recipient": {"id": self.id}, "timestamp": now, **parts}

    def _body(self, events: tuple[Mapping[str, Any], ...]) -> dict[str, Any]:
        theirs = [one for one in events if "message" in one and (one.get("sender") or {}).get("id") in self.owners]
        ours = [one for one in events if one not in theirs]
        told = {name: found for name, found in (("messaging", ours), ("standby", theirs)) if found}
        return {"object": self.kind, "entry": [{"id": self.id, "time": 1458692752478, **told}]}


class FakeInstagram(FakeMessenger):
    """With the token of a page: "me" is the page, and its webhooks are those of the Instagram account."""

    channel = "instagram"
    kind, id, most = "instagram", IGID, 1000
    mids = "aWdfZAG1faXRlbToxOklH" * 7 + "_"  # as long as real ones, whose first 128 characters are often alike
    measure = staticmethod(lambda text: len(text.encode()))

    def _me(self, fields: str) -> Response:
        account = {"instagram_business_account": {"id": IGID}} if fields == "instagram_business_account" else {}
        return Response(body={"id": PAGE, **account})


def _error(status: int, code: int, message: str, sub: int = 0) -> Response:
    return Response(status, {"error": {"message": message, "code": code, "error_subcode": sub}})
