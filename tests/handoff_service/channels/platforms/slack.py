"""Slack as documented: signed events, presses as forms, errors with status 200."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from tests.handoff_service.channels.platforms.fake import Call, Hook, Platform, Received, Response

SECRET, TOKEN = "8f742231b10e8888abcd99yyyzzz85a5".replace("y", "a").replace("z", "b"), "xoxb-1234567890-abcdefghij"


class FakeSlack(Platform):
    signs_time = True
    channel = "slack"
    signing = "signing_secret"

    def fields(self) -> dict[str, str]:
        return {"signing_secret": SECRET, "bot_token": TOKEN, "api": self.url}

    def text(self, contact: str, text: str) -> dict[str, Any]:
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return self._event({"type": "message", "text": escaped, **self._where(contact)})

    def handshake(self, secret: str | None = None) -> tuple[Hook, bytes]:
        return self.hook(
            {"type": "url_verification", "challenge": "3eZbrw1a"}, secret=secret
        ), b'{"challenge": "3eZbrw1a"}'

    def own_echo(self, contact: str) -> dict[str, Any]:
        return self._event({"type": "message", "text": "our own words", "bot_id": "B1", **self._where(contact)})

    def photo(self, contact: str, content: bytes) -> dict[str, Any]:
        url = f"{self.url}/files-pri/{self.keep(content)}"
        file = {"id": "F1", "name": "a.png", "mimetype": "image/png", "url_private_download": url}
        shared = {"type": "message", "subtype": "file_share", "text": "", "files": [file]}
        return self._event({**shared, **self._where(contact)})

    def carries(self, call: Call) -> bool:
        return call.path.endswith("/chat.postMessage")

    def strange(self, contact: str) -> dict[str, Any]:
        return self._event({"type": "message", "subtype": "huddle_thread", "text": "", **self._where(contact)})

    def press(self, contact: str, message: Received, index: int) -> dict[str, Any]:
        action = {**message.buttons[index], "action_ts": f"1548426417.{self.number()}"}
        where = {"team": {"id": "T1"}, "channel": {"id": f"D{contact}"}}
        return {"type": "block_actions", "trigger_id": f"{self.number()}.1", "actions": [action], **where}

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        (event,) = events
        kind, raw = "application/json", json.dumps(dict(event)).encode()
        if event.get("type") == "block_actions":
            kind, raw = "application/x-www-form-urlencoded", urlencode({"payload": raw.decode()}).encode()
        stamp = str(int(self.now()))
        key = (secret if secret is not None else SECRET).encode()
        signed = hmac.new(key, f"v0:{stamp}:".encode() + raw, hashlib.sha256).hexdigest()
        headers = {"Content-Type": kind, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signed}"}
        return Hook(raw, headers)

    def answer(self, call: Call) -> Response:
        if call.path.startswith("/upload/"):
            self.uploads[call.path.rpartition("/")[2]] = call.raw
            return Response(body={"ok": True})
        if call.headers.get("authorization") != f"Bearer {TOKEN}":
            return Response(body={"ok": False, "error": "invalid_auth"})
        if call.path.endswith("/auth.test"):
            return Response(body={"ok": True, "team": "T1"})
        if call.path.startswith("/files-pri/"):
            return self.kept(call.path.rpartition("/")[2])
        if call.path.endswith("/files.getUploadURLExternal"):
            name = f"F{self.number()}"
            assert int(call.form["length"]) > 0
            return Response(body={"ok": True, "upload_url": f"{self.url}/upload/{name}", "file_id": name})
        if call.path.endswith("/files.completeUploadExternal"):
            channel, files = call.json["channel_id"].removeprefix("D"), [one["id"] for one in call.json["files"]]
            self.received.append(Received(channel, "", files=files))
            return Response(body={"ok": True})
        body = call.json
        text = body["text"].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        buttons = []
        for block in body.get("blocks", ()):
            buttons += [{**one, "title": one["text"]["text"]} for one in block.get("elements", ())]
        self.received.append(Received(body["channel"].removeprefix("D"), text, buttons))
        return Response(body={"ok": True, "channel": body["channel"], "ts": f"1503435956.{self.number():06}"})

    def _where(self, contact: str) -> dict[str, Any]:
        return {
            "channel": f"D{contact}",
            "channel_type": "im",
            "user": f"U{contact}",
            "ts": f"1355517523.{self.number():06}",
        }

    def _event(self, event: Mapping[str, Any]) -> dict[str, Any]:
        number = self.number()
        return {"type": "event_callback", "team_id": "T1", "event_id": f"Ev{number}", "event": dict(event)}
