"""Telegram's Bot API as documented: the secret header, update ids, HTML, flood limits, blocked bots."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from typing import Any

from tests.handoff_service.channels.platforms.fake import Call, Hook, Platform, Received, Response

TOKEN = "123456:AAH_a-token-of-a-bot-that-is-not-real"


class FakeTelegram(Platform):
    channel = "telegram"
    signing = "webhook_secret"

    def __init__(self) -> None:
        super().__init__()
        self.blocked_by: set[str] = set()

    def fields(self) -> dict[str, str]:
        return {"token": TOKEN, "api": self.url}

    def text(self, contact: str, text: str) -> dict[str, Any]:
        return self._update(contact, {"text": text})

    def own_echo(self, contact: str) -> dict[str, Any]:
        update = self._update(contact, {"text": "our own words"})
        update["message"]["from"] = {"id": 1, "is_bot": True, "first_name": "Shop"}
        return update

    def photo(self, contact: str, content: bytes) -> dict[str, Any]:
        sizes = [{"file_id": "small", "width": 90}, {"file_id": self.keep(content), "width": 800}]
        return self._update(contact, {"photo": sizes})

    def strange(self, contact: str) -> dict[str, Any]:
        return self._update(contact, {"sticker": {"file_id": "s", "emoji": "🙂"}})

    def press(self, contact: str, message: Received, index: int) -> dict[str, Any]:
        number = self.number()
        chat = {"id": int(contact), "type": "private"}
        return {
            "update_id": number,
            "callback_query": {
                "id": str(number),
                "from": self._from(contact),
                "data": message.buttons[index]["callback_data"],
                "message": {"message_id": 1, "date": 1441645600, "chat": chat},
            },
        }

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        (event,) = events
        assert self.account is not None
        message = event.get("message")
        if isinstance(message, Mapping) and isinstance(message.get("chat"), Mapping):  # who writes has let us in again
            self.blocked_by.discard(str(message["chat"].get("id")))
        given = secret if secret is not None else self.account.secret("webhook_secret")
        headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": given}
        return Hook(json.dumps(event).encode(), headers)

    def shut(self, contact: str) -> bool:
        self.blocked_by.add(contact)
        return True

    def carries(self, call: Call) -> bool:
        return call.path.endswith(("/sendMessage", "/sendPhoto", "/sendDocument"))

    def answer(self, call: Call) -> Response:
        if call.path.startswith(f"/file/bot{TOKEN}/photos/"):
            return self.kept(call.path.rpartition("/")[2])
        if not call.path.startswith(f"/bot{TOKEN}/"):
            return _error(401, "Unauthorized")
        if call.path.endswith("/answerCallbackQuery"):
            return Response(body={"ok": True, "result": True})
        if call.path.endswith("/getWebhookInfo"):
            return Response(body={"ok": True, "result": {"url": self.webhook, "pending_update_count": 0}})
        if call.path.endswith("/getFile"):
            name = call.json["file_id"]
            if name not in self.media:
                return _error(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
            return Response(body={"ok": True, "result": {"file_id": name, "file_path": f"photos/{name}"}})
        if call.path.endswith(("/sendPhoto", "/sendDocument")):
            parts = call.parts
            content = parts["photo" if call.path.endswith("/sendPhoto") else "document"]
            self.received.append(Received(parts["chat_id"].decode(), "", files=[self.uploaded(content)]))
            return Response(body={"ok": True, "result": {"message_id": self.number()}})
        if not call.path.endswith("/sendMessage"):
            return _error(404, "Not Found")
        body = call.json
        contact, text = str(body["chat_id"]), body["text"]
        if contact in self.blocked_by:
            return _error(403, "Forbidden: bot was blocked by the user")
        if body.get("parse_mode") == "HTML":
            if re.search(r"<(?!/?(?:b|i|u|s|code|pre|a)\b)", text) or re.search(
                r"&(?!(?:lt|gt|amp|quot|#\d+|#x\w+);)", text
            ):
                return _error(400, "Bad Request: can't parse entities")
            text = html.unescape(re.sub(r"<[^>]*>", "", text))
        if len(text) > 4096:
            return _error(400, "Bad Request: message is too long")
        buttons = [one for row in (body.get("reply_markup") or {}).get("inline_keyboard", []) for one in row]
        if any(not 1 <= len(one["callback_data"].encode()) <= 64 for one in buttons):
            return _error(400, "Bad Request: BUTTON_DATA_INVALID")
        self.received.append(Received(contact, text, buttons))
        return Response(body={"ok": True, "result": {"message_id": self.number(), "text": text}})

    def _update(self, contact: str, parts: Mapping[str, Any]) -> dict[str, Any]:
        number = self.number()
        chat = {"id": int(contact), "type": "private", "first_name": "Ann"}
        message = {"message_id": number, "date": 1441645532, "chat": chat, "from": self._from(contact), **parts}
        return {"update_id": number, "message": message}

    def _from(self, contact: str) -> dict[str, Any]:
        return {"id": int(contact), "is_bot": False, "first_name": "Ann", "language_code": "en"}


def _error(status: int, description: str) -> Response:
    return Response(status, {"ok": False, "error_code": status, "description": description})
