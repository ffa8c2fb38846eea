"""Douyin's customer-service platform as documented: four signed headers, long numbers, five answers within 48 hours."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any

from tests.handoff_service.channels.platforms.fake import Call, Hook, Platform, Received, Response

APP, SECRET, FIRST = "tt123", "douyinkfsecret0123456789", 7494460928000411111
MOST = 5


class FakeDouyinKf(Platform):
    signs_time = True
    channel = "douyin_kf"
    signing = "token"
    accepted = staticmethod(lambda answer: answer.status == 200 and json.loads(answer.body) == {"success": True})

    def __init__(self) -> None:
        super().__init__()
        self.token = ""
        self.left: dict[str, int] = {}
        self.open_ids: dict[str, str] = {}  # by message
        self.values_only = False  # the other reading of the page
        self.answers: set[str] = set()  # their ids: one that came before is no other answer

    def fields(self) -> dict[str, str]:
        return {"app_id": APP, "app_secret": SECRET, "sender_name": "小助手", "api": self.url}

    def text(self, contact: str, text: str) -> dict[str, Any]:
        return self._message(contact, "text", content=json.dumps({"text": text, "action": {}}))

    def photo(self, contact: str, content: bytes) -> dict[str, Any]:
        return self._message(contact, "image", pic_url=f"{self.url}/tos/{self.keep(content)}?x-signature=x")

    def strange(self, contact: str) -> dict[str, Any]:
        return self._message(contact, "score", score_content={"score": 5})

    def handshake(self, secret: str | None = None) -> tuple[Hook, bytes]:
        return self._signed(b"{}", "verify_request", secret), b'{"success": true}'

    def expire(self) -> bool:
        self.token = f"token-{self.number()}"
        return True

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        (event,) = events
        self.left[str(event.get("open_id"))] = MOST
        return self._signed(json.dumps(dict(event)).encode(), "douyin_microgame_im", secret)

    def carries(self, call: Call) -> bool:
        return "/reply/" in call.path

    def answer(self, call: Call) -> Response:
        if call.path.startswith("/tos/"):
            assert "access-token" not in call.headers, "the address is signed; it needs no keys"
            return self.kept(call.path.rpartition("/")[2])
        if call.path == "/mgplatform/api/apps/v2/token":
            if call.json != {"appid": APP, "secret": SECRET, "grant_type": "client_credential"}:
                return Response(body={"err_no": 40017, "err_tips": "bad secret"})
            self.token = self.token or f"token-{self.number()}"
            data = {"access_token": self.token, "expires_in": 7200}
            return Response(body={"err_no": 0, "err_tips": "success", "data": data})
        if call.headers.get("access-token") != self.token:
            return Response(body={"err_no": 28001008, "err_msg": "access_token expired"})
        if call.path == "/mgplatform/api/apps/reply/reply_user_image":
            return self._answered(
                {**call.query, "create_time": int(call.query["create_time"])}, call.parts["FileContent"]
            )
        assert call.path == "/mgplatform/api/apps/reply/reply_user_text"
        return self._answered(call.json)

    def _answered(self, told: Mapping[str, Any], picture: bytes | None = None) -> Response:
        contact = told["conversation_id"].removeprefix("9")
        right = (told["micro_game_id"], told["sender_name"], told["msg_type"]) == (
            APP,
            "小助手",
            "text" if picture is None else "image",
        )
        if not right or not told["msg_id"].isdecimal() or not 1_600_000_000 < told["create_time"] < 10_000_000_000:
            return Response(body={"err_no": 28001007, "err_msg": "parameter"})
        if told["msg_id"] in self.answers or told["msg_id"] in self.open_ids:
            return Response(body={"err_no": 0, "err_msg": ""})
        if self.left[contact] < 1:
            return Response(body={"err_no": 28009001, "err_msg": "at most 5 messages within 48 hours"})
        self.answers.add(told["msg_id"])
        self.left[contact] -= 1
        files = [] if picture is None else [self.uploaded(picture)]
        self.received.append(Received(contact, told.get("content", ""), files=files))
        return Response(body={"err_no": 0, "err_msg": ""})

    def _signed(self, raw: bytes, kind: str, secret: str | None) -> Hook:
        assert self.account is not None
        key = secret if secret is not None else self.account.secret("token")
        told = {
            "x-appid": APP,
            "x-msg-type": kind,
            "x-nonce-str": "313932313532383034",
            "x-timestamp": str(int(self.now() * 1000)),
        }
        joined = "&".join(told.values() if self.values_only else (f"{name}={told[name]}" for name in sorted(told)))
        digest = hashlib.md5(joined.encode() + raw + key.encode("utf-8", "surrogateescape")).digest()
        signed = {"x-signature": base64.b64encode(digest).decode()}
        return Hook(raw, {"Content-Type": "application/json", **told, **signed})

    def _message(self, contact: str, kind: str, **parts: Any) -> dict[str, Any]:
        number = FIRST + self.number()
        self.open_ids[str(number)] = contact
        return {
            "app_id": APP,
            "conversation_id": int(f"9{contact}"),
            "msg_id": number,
            "create_time": int(time.time() * 1000),
            "msg_type": kind,
            "open_id": contact,
            "pic_url": None,
            "content": None,
            **parts,
        }
