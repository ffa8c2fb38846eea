"""WeChat as documented: enciphered pushes, the token's life, five messages in 48 hours, errors with status 200."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from handoff_service.channels.weixin_cipher import encipher, signature
from tests.handoff_service.channels.platforms.fake import Call, Hook, Platform, Received, Response

APP, SECRET, KEY = "wxba5fad812f8e6fb9", "secretsecretsecret", "A" * 43
MOST = 5


class FakeWeChat(Platform):
    signs_time = True
    channel = "wechat"
    holds_nul = False
    signing = "token"
    accepted = staticmethod(lambda answer: answer.status == 200 and answer.body in (b"success", b""))

    def __init__(self) -> None:
        super().__init__()
        self.token = ""
        self.left: dict[str, int] = {}

    def fields(self) -> dict[str, str]:
        return {"app_id": APP, "app_secret": SECRET, "aes_key": KEY, "api": self.url}

    def text(self, contact: str, text: str) -> dict[str, Any]:
        return self._event(contact, MsgType="text", Content=text, MsgId=f"90000000000000{self.number():06}")

    def handshake(self, secret: str | None = None) -> tuple[Hook, bytes]:
        assert self.account is not None
        stamp, nonce = str(int(self.now())), "1514711492"
        signed = signature(secret or self.account.secret("token"), stamp, nonce)
        query = {"signature": signed, "timestamp": stamp, "nonce": nonce, "echostr": "4375120948345356249"}
        return Hook(b"", {}, "GET", urlencode(query)), b"4375120948345356249"

    def expire(self) -> bool:
        self.token = f"token-{self.number()}"
        return True

    def photo(self, contact: str, content: bytes) -> dict[str, Any]:
        number = f"80000000000000{self.number():06}"
        return self._event(contact, MsgType="image", PicUrl="", MediaId=self.keep(content), MsgId=number)

    def strange(self, contact: str) -> dict[str, Any]:
        return self._event(contact, MsgType="chat_record", MsgId=str(self.number()))

    def press(self, contact: str, message: Received, index: int) -> dict[str, Any]:
        button = message.buttons[index]
        return {**self.text(contact, button["content"]), "bizmsgmenuid": button["id"]}

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        (event,) = events
        assert self.account is not None
        self.left[str(event["FromUserName"])] = MOST
        inner = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in event.items())
        sealed = encipher(KEY, f"<xml>{inner}</xml>".encode(), owner=APP, random=os.urandom(16))
        stamp, nonce = str(int(self.now())), "415670741"
        token = secret if secret is not None else self.account.secret("token")
        query = {
            "signature": signature(token, stamp, nonce),
            "timestamp": stamp,
            "nonce": nonce,
            "openid": event["FromUserName"],
            "encrypt_type": "aes",
            "msg_signature": signature(token, stamp, nonce, sealed),
        }
        raw = f"<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>".encode()
        return Hook(raw, {"Content-Type": "text/xml"}, query=urlencode(query))

    def shut(self, contact: str) -> bool:
        self.left[contact] = 0
        return True

    def carries(self, call: Call) -> bool:
        return call.path.endswith("/message/custom/send")

    def answer(self, call: Call) -> Response:
        if call.path == "/cgi-bin/stable_token":
            asked = call.json
            if asked != {"grant_type": "client_credential", "appid": APP, "secret": SECRET}:
                return _error(40013, "invalid appid")
            self.token = self.token or f"token-{self.number()}"
            return Response(body={"access_token": self.token, "expires_in": 7200})
        if call.query.get("access_token") != self.token or not self.token:
            return _error(40001, "invalid credential")
        if b"\\u" in call.raw:
            return _error(47001, "the customer would read the escapes")
        if call.path == "/cgi-bin/media/get":
            return self.kept(call.query["media_id"], _error(40007, "invalid media_id"))
        if call.path == "/cgi-bin/media/upload":
            return Response(body={"type": "image", "media_id": self.uploaded(call.parts["media"])})
        body = call.json
        contact = body["touser"]
        if not self.left.get(contact):
            return _error(45047, "out of response count limit")
        buttons = []
        if body["msgtype"] == "image":
            self.left[contact] -= 1
            self.received.append(Received(contact, "", files=[body["image"]["media_id"]]))
            return Response(body={"errcode": 0, "errmsg": "ok"})
        if body["msgtype"] == "msgmenu":
            text, buttons = body["msgmenu"]["head_content"], body["msgmenu"]["list"]
        else:
            text = body["text"]["content"]
        if len(text.encode()) > 2048:
            return _error(45002, "content size out of limit")
        self.left[contact] -= 1
        titled = [{**one, "title": one["content"]} for one in buttons]
        self.received.append(Received(contact, text, titled))
        return Response(body={"errcode": 0, "errmsg": "ok"})

    def _event(self, contact: str, **parts: Any) -> dict[str, Any]:
        return {"ToUserName": "gh_1", "FromUserName": contact, "CreateTime": int(time.time()), **parts}


class FakeMiniProgram(FakeWeChat):
    """The same, with JSON inside."""

    channel = "wechat_mini"
    holds_nul = True

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        (event,) = events
        assert self.account is not None
        self.left[str(event["FromUserName"])] = MOST
        sealed = encipher(KEY, json.dumps(dict(event)).encode(), owner=APP, random=os.urandom(16))
        stamp, nonce = str(int(self.now())), "1320562132"
        token = secret if secret is not None else self.account.secret("token")
        query = {"timestamp": stamp, "nonce": nonce, "msg_signature": signature(token, stamp, nonce, sealed)}
        raw = json.dumps({"ToUserName": "gh_1", "Encrypt": sealed}).encode()
        return Hook(raw, {"Content-Type": "application/json"}, query=urlencode(query))


class FakeWeCom(Platform):
    """微信客服: the callback holds no message; messages wait behind a cursor, in pieces."""

    signs_time = True
    bundles = True
    channel = "wecom"
    signing = "token"
    accepted = staticmethod(lambda answer: answer.status == 200 and answer.body == b"success")
    corp, kf, secret, key = "wx5823bf96d3bd56c7", "wkAJ2GCAAASSm4", "wecom-secret-0123456789", "B" * 43

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[dict[str, Any]] = []
        self.left: dict[str, int] = {}
        self.keys: set[str] = set()
        self.token = "wecom-token"
        self.at_once = 2
        self.staffed: set[str] = set()  # contacts whom colleagues answer in WeCom
        self.over: set[str] = set()  # whose session has ended

    def fields(self) -> dict[str, str]:
        given = {"corp_id": self.corp, "open_kfid": self.kf, "corp_secret": self.secret}
        return {**given, "aes_key": self.key, "api": self.url}

    def text(self, contact: str, text: str) -> dict[str, Any]:
        return self._message(contact, "text", {"content": text})

    def handshake(self, secret: str | None = None) -> tuple[Hook, bytes]:
        assert self.account is not None
        stamp, nonce = str(int(self.now())), "263014780"
        sealed = encipher(self.key, b"1616140317555161061", owner=self.corp, random=os.urandom(16))
        signed = signature(secret or self.account.secret("token"), stamp, nonce, sealed)
        query = {"msg_signature": signed, "timestamp": stamp, "nonce": nonce, "echostr": sealed}
        return Hook(b"", {}, "GET", urlencode(query)), b"1616140317555161061"

    def own_echo(self, contact: str) -> dict[str, Any]:
        return {**self.text(contact, "our own words"), "origin": 4}

    def taken(self, contact: str, by: str) -> dict[str, Any]:
        """A colleague takes the session in WeCom, or ends it (nobody)."""
        self.staffed = {contact} if by else set()
        moved = {"external_userid": contact, "change_type": 1 if by else 3, "new_servicer_userid": by}
        return self._message(contact, "event", {"event_type": "session_status_change", **moved})

    def fates(self, contact: str, provider_id: str) -> list[dict[str, Any]]:
        failed = {"event_type": "msg_send_fail", "external_userid": contact, "fail_msgid": provider_id, "fail_type": 4}
        return [self._message(contact, "event", failed)]

    def expire(self) -> bool:
        self.token = f"wecom-token-{self.number()}"
        return True

    def photo(self, contact: str, content: bytes) -> dict[str, Any]:
        return self._message(contact, "image", {"media_id": self.keep(content)})

    def strange(self, contact: str) -> dict[str, Any]:
        return self._message(contact, "business_card", {"userid": "x"})

    def press(self, contact: str, message: Received, index: int) -> dict[str, Any]:
        button = message.buttons[index]["click"]
        return self._message(contact, "text", {"content": button["content"], "menu_id": button["id"]})

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        assert self.account is not None
        for event in events:
            if secret in (None, *self.account.every("token")):
                self.waiting.append(dict(event))
                self.left[event["external_userid"]] = MOST
                self.over.discard(event["external_userid"])
        told = f"<Event>kf_msg_or_event</Event><Token>t</Token><OpenKfId>{self.kf}</OpenKfId>"
        inner = f"<xml><MsgType>event</MsgType>{told}</xml>"
        sealed = encipher(self.key, inner.encode(), owner=self.corp, random=os.urandom(16))
        stamp, nonce = str(int(self.now())), "1372623149"
        token = secret if secret is not None else self.account.secret("token")
        query = {"timestamp": stamp, "nonce": nonce, "msg_signature": signature(token, stamp, nonce, sealed)}
        return Hook(
            f"<xml><Encrypt>{sealed}</Encrypt></xml>".encode(), {"Content-Type": "text/xml"}, query=urlencode(query)
        )

    def shut(self, contact: str) -> bool:
        self.left[contact] = 0
        return True

    def carries(self, call: Call) -> bool:
        return call.path.endswith("/kf/send_msg")

    def answer(self, call: Call) -> Response:
        if call.path == "/cgi-bin/gettoken":
            right = call.query == {"corpid": self.corp, "corpsecret": self.secret}
            body = {"errcode": 0, "access_token": self.token, "expires_in": 7200} if right else {"errcode": 40013}
            return Response(body=body)
        if call.query.get("access_token") != self.token:
            return _error(42001, "access_token expired")
        if call.path == "/cgi-bin/kf/sync_msg":
            start = int(call.json["cursor"] or 0)
            piece = self.waiting[start : start + self.at_once]
            end = start + len(piece)
            return Response(
                body={
                    "errcode": 0,
                    "next_cursor": str(end),
                    "has_more": int(end < len(self.waiting)),
                    "msg_list": piece,
                }
            )
        if call.path == "/cgi-bin/media/get":
            return self.kept(call.query["media_id"], _error(40007, "invalid media_id"))
        if call.path == "/cgi-bin/media/upload":
            return Response(body={"errcode": 0, "media_id": self.uploaded(call.parts["media"])})
        body = call.json
        if "/kf/service_state/" in call.path:
            return self._session(call.path.rpartition("/")[2], body)
        if body["msgid"] in self.keys:
            return _error(0, "ok")
        if body["touser"] in self.staffed | self.over:
            return _error(95018, "invalid session status")
        if not self.left.get(body["touser"]):
            return _error(95001, "the limit of messages is used up")
        if body["msgtype"] in ("image", "file"):
            self.keys.add(body["msgid"])
            self.left[body["touser"]] -= 1
            self.received.append(Received(body["touser"], "", files=[body[body["msgtype"]]["media_id"]]))
            return Response(body={"errcode": 0, "msgid": body["msgid"]})
        menu = body.get("msgmenu") or {}
        text = menu.get("head_content") or body["text"]["content"]
        if len(text.encode()) > 2048:
            return _error(40058, "too long")
        self.keys.add(body["msgid"])
        self.left[body["touser"]] -= 1
        buttons = [{**one, "title": one["click"]["content"]} for one in menu.get("list", ())]
        self.received.append(Received(body["touser"], text, buttons))
        return Response(body={"errcode": 0, "msgid": body["msgid"]})

    def _session(self, verb: str, asked: Mapping[str, Any]) -> Response:
        """Its state: 1 while our program has it, 3 with a colleague, 4 when it is over."""
        contact = asked["external_userid"]
        assert asked["open_kfid"] == self.kf
        if verb == "trans":
            assert asked["service_state"] == 4, "ours stay where they are until they are over"
            self.over.add(contact)
            return _error(0, "ok")
        state = 4 if contact in self.over else 3 if contact in self.staffed else 1
        by = {"servicer_userid": "zhangsan"} if state == 3 else {}
        return Response(body={"errcode": 0, "errmsg": "ok", "service_state": state, **by})

    def _message(self, contact: str, kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
        number = self.number()
        ends = {"open_kfid": self.kf, "external_userid": contact, "send_time": int(time.time()), "origin": 3}
        return {"msgid": f"from_msgid_{number}", **ends, "msgtype": kind, kind: dict(content)}


def _error(code: int, message: str) -> Response:
    return Response(body={"errcode": code, "errmsg": message})
