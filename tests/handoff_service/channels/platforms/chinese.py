"""Feishu, DingTalk, Douyin, Weibo and Kuaishou as documented: each signs in its own way and has its own errors."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote, urlencode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.handoff_service.channels.platforms.fake import Call, Hook, Platform, Received, Response


class FakeFeishu(Platform):
    signs_time = True
    channel = "feishu"
    signing = "encrypt_key"
    app, secret, check = (
        "cli_9f5343c580712544",
        "feishu-secret0123456789".replace("-", ""),
        "rvaYgkND1GOiu5MM0E1rncYC6PLtF7JV",
    )

    def __init__(self) -> None:
        super().__init__()
        self.token = "t-1"
        self.known: set[str] = set()

    def fields(self) -> dict[str, str]:
        return {"app_id": self.app, "app_secret": self.secret, "verification_token": self.check, "api": self.url}

    def text(self, contact: str, text: str) -> dict[str, Any]:
        return self._message(contact, "text", {"text": text})

    def handshake(self, secret: str | None = None) -> tuple[Hook, bytes]:
        asked = {"type": "url_verification", "token": self.check, "challenge": "ajls384kdj"}
        return self.hook(asked, secret=secret), b'{"challenge": "ajls384kdj"}'

    def own_echo(self, contact: str) -> dict[str, Any]:
        event = self._message(contact, "text", {"text": "our own words"})
        event["event"]["sender"] = {"sender_id": {"app_id": self.app}, "sender_type": "app"}
        return event

    def expire(self) -> bool:
        self.token = f"t-{self.number()}"
        return True

    def photo(self, contact: str, content: bytes) -> dict[str, Any]:
        return self._message(contact, "image", {"image_key": self.keep(content)})

    def strange(self, contact: str) -> dict[str, Any]:
        return self._message(contact, "sticker", {"file_key": "f"})

    def press(self, contact: str, message: Received, index: int) -> dict[str, Any]:
        value = message.buttons[index]["value"]
        content = {"action": {"value": value}, "context": {"open_chat_id": contact}}
        return self._event("card.action.trigger", content)

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        (event,) = events
        assert self.account is not None
        key = secret if secret is not None else self.account.secret("encrypt_key")
        raw = json.dumps({"encrypt": _feishu_cipher(key, json.dumps(dict(event)).encode())}).encode()
        stamp, nonce = str(int(self.now())), "nonce123"
        signed = hashlib.sha256(f"{stamp}{nonce}{key}".encode() + raw).hexdigest()
        headers = {"X-Lark-Request-Timestamp": stamp, "X-Lark-Request-Nonce": nonce, "X-Lark-Signature": signed}
        return Hook(raw, {"Content-Type": "application/json", **headers})

    def carries(self, call: Call) -> bool:
        return call.path.endswith("/im/v1/messages")

    def answer(self, call: Call) -> Response:
        if call.path.endswith("/tenant_access_token/internal"):
            right = call.json == {"app_id": self.app, "app_secret": self.secret}
            body = {"code": 0, "tenant_access_token": self.token, "expire": 7200} if right else {"code": 10003}
            return Response(body=body)
        if call.headers.get("authorization") != f"Bearer {self.token}":
            return Response(400, {"code": 99991663, "msg": "Invalid access token"})
        if "/resources/" in call.path:
            gone = Response(400, {"code": 234003, "msg": "File not in msg."})
            return self.kept(call.path.rpartition("/")[2], gone)
        if call.path.endswith(("/im/v1/images", "/im/v1/files")):
            field = "image" if call.path.endswith("/images") else "file"
            return Response(body={"code": 0, "data": {f"{field}_key": self.uploaded(call.parts[field])}})
        body = call.json
        if body["uuid"] in self.known or len(body["uuid"]) > 50:
            return Response(body={"code": 0, "data": {"message_id": "om_known"}})
        self.known.add(body["uuid"])
        content = json.loads(body["content"])
        if body["msg_type"] in ("image", "file"):
            self.received.append(Received(body["receive_id"], "", files=[content[f"{body['msg_type']}_key"]]))
            return Response(body={"code": 0, "data": {"message_id": f"om_{self.number()}"}})
        buttons: list[dict[str, Any]] = []
        if body["msg_type"] == "interactive":
            text = content["elements"][0]["text"]["content"]
            buttons = [{**one, "title": one["text"]["content"]} for one in content["elements"][1]["actions"]]
        else:
            text = content["text"]
        self.received.append(Received(body["receive_id"], text, buttons))
        return Response(body={"code": 0, "data": {"message_id": f"om_{self.number()}"}})

    def _message(self, contact: str, kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
        message = {
            "message_id": f"om_{self.number()}",
            "chat_id": contact,
            "chat_type": "p2p",
            "message_type": kind,
            "content": json.dumps(dict(content)),
        }
        sender = {"sender_id": {"open_id": f"ou_{contact}"}, "sender_type": "user"}
        return self._event("im.message.receive_v1", {"sender": sender, "message": message})

    def _event(self, kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
        header = {"event_id": f"e{self.number()}", "event_type": kind, "token": self.check, "app_id": self.app}
        return {"schema": "2.0", "header": header, "event": dict(content)}


def _feishu_cipher(key: str, plain: bytes) -> str:
    iv, pad = os.urandom(16), 16 - len(plain) % 16
    whole = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(iv)).encryptor()
    return base64.b64encode(iv + whole.update(plain + bytes([pad]) * pad) + whole.finalize()).decode()


class FakeDingTalk(Platform):
    signs_time = True
    channel = "dingtalk"
    signing = "app_secret"
    key, secret, token = "dingabcdefgh12345", "dingtalk-secret-0123456789", "ding-token"

    def expire(self) -> bool:
        self.token = f"ding-token-{self.number()}"
        return False  # answers in a session need none

    def fields(self) -> dict[str, str]:
        return {"app_key": self.key, "app_secret": self.secret, "api": self.url}

    def text(self, contact: str, text: str) -> dict[str, Any]:
        return self._message(contact, msgtype="text", text={"content": f" {text}"})

    def photo(self, contact: str, content: bytes) -> dict[str, Any]:
        return self._message(contact, msgtype="picture", content={"downloadCode": self.keep(content)})

    def carries(self, call: Call) -> bool:
        return "/sendBySession/" in call.path or call.path.endswith("/batchSend")

    def strange(self, contact: str) -> dict[str, Any]:
        return self._message(contact, msgtype="interactiveCard", content={})

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        (event,) = events
        stamp = str(int(self.now() * 1000))
        key = secret if secret is not None else self.secret
        digest = hmac.new(key.encode(), f"{stamp}\n{key}".encode(), hashlib.sha256).digest()
        headers = {"timestamp": stamp, "sign": base64.b64encode(digest).decode()}
        return Hook(json.dumps(dict(event)).encode(), {"Content-Type": "application/json", **headers})

    def answer(self, call: Call) -> Response:
        contact = call.path.rpartition("/")[2]
        if call.path.startswith("/oss/"):
            return self.kept(contact)
        body = call.json
        if call.path == "/v1.0/oauth2/accessToken":
            right = body == {"appKey": self.key, "appSecret": self.secret}
            return Response(body={"accessToken": self.token, "expireIn": 7200} if right else {"message": "no"})
        if call.path.startswith("/v1.0/") and call.headers.get("x-acs-dingtalk-access-token") != self.token:
            return Response(401, {"code": "InvalidAuthentication", "message": "no token"})
        if call.path == "/v1.0/robot/messageFiles/download":
            if body["downloadCode"] not in self.media:
                return Response(400, {"code": "invalidParameter", "message": "downloadCode is not valid"})
            return Response(body={"downloadUrl": f"{self.url}/oss/{body['downloadCode']}"})
        if call.path == "/v1.0/robot/oToMessages/batchSend":
            said = json.loads(body["msgParam"])
            files = [said["photoURL"]] if "photoURL" in said else []
            buttons = [(said["singleTitle"], said["singleURL"])] if body["msgKey"] == "sampleActionCard" else []
            if several := re.fullmatch("sampleActionCard([2-5])", body["msgKey"]):
                numbers = range(1, int(several[1]) + 1)
                buttons = [(said[f"actionTitle{one}"], said[f"actionURL{one}"]) for one in numbers]
            text = said.get("content") or self._as_read(said.get("text", ""))
            self.received.append(Received(body["userIds"][0], text, self._buttons(buttons), files=files))
            return Response(body={"processQueryKey": f"q{self.number()}"})
        if body.get("msgtype") == "actionCard":
            card = body["actionCard"]
            buttons = self._buttons([(one["title"], one["actionURL"]) for one in card["btns"]])
            self.received.append(Received(contact, self._as_read(card["text"]), buttons))
            return Response(body={"errcode": 0, "errmsg": "ok"})
        if body.get("msgtype") != "text":
            return Response(body={"errcode": 40035, "errmsg": "invalid"})
        self.received.append(Received(contact, body["text"]["content"]))
        return Response(body={"errcode": 0, "errmsg": "ok"})

    @staticmethod
    def _as_read(markdown: str) -> str:
        """What the customer sees of a card: lines end with two spaces, a backslash takes a mark its meaning."""
        return re.sub(r"\\(.)", r"\1", markdown.replace("  \n", "\n"))

    @staticmethod
    def _buttons(given: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
        """With what the customer says who presses one."""
        place = "dtmd://dingtalkclient/sendMessage?content="
        assert all(url.startswith(place) for _, url in given)
        return [{"title": title, "says": unquote(url.removeprefix(place))} for title, url in given]

    def press(self, contact: str, message: Received, index: int) -> dict[str, Any]:
        return self.text(contact, message.buttons[index]["says"])

    def _message(self, contact: str, **parts: Any) -> dict[str, Any]:
        return {
            "conversationId": "cid1",
            "conversationType": "1",
            "msgId": f"msg{self.number()}",
            "senderNick": "杨",
            "senderStaffId": contact,
            "sessionWebhook": f"{self.url}/robot/sendBySession/{contact}",
            "sessionWebhookExpiredTime": int((time.time() + 3600) * 1000),
            "robotCode": self.key,
            **parts,
        }


class FakeDouyin(Platform):
    channel = "douyin"
    signing = "client_secret"
    key, secret, merchant = "ttddf8ab4542c7d76601", "douyinsecret0123456789", "_000bfeGRgbkwDMMk"

    def __init__(self) -> None:
        super().__init__()
        self.token, self.refresh_token = "act.0123456789", "rft.0123456789"
        self.given: list[str] = []  # ids of what we have said
        self.app_token = ""
        self.scopes = {"im.direct_message", "im.multimedia_message", "tool.image.upload"}  # what it lets the app do
        self.renewals = 5  # so often the refresh token may be renewed
        self.refresh_lasts_s = 30 * 24 * 3600

    def fields(self) -> dict[str, str]:
        given = {"client_key": self.key, "client_secret": self.secret, "open_id": self.merchant}
        tokens = {"access_token": self.token, "refresh_token": self.refresh_token}
        return {**given, **tokens, "api": self.url}

    def expire(self) -> bool:
        self.token = f"act.{self.number():010}"
        return True

    def text(self, contact: str, text: str) -> dict[str, Any]:
        return self._event(contact, message_type="text", text=text)

    def own_echo(self, contact: str) -> dict[str, Any]:
        return self.colleague(contact, message_type="text", text="our own words", source=self.key)

    def photo(self, contact: str, content: bytes) -> dict[str, Any]:
        """One of his own; its name is the message's."""
        event = self._event(contact, message_type="user_local_image")
        self.media[json.loads(event["content"])["server_message_id"]] = content
        return event

    def strange(self, contact: str) -> dict[str, Any]:
        return self._event(contact, message_type="retain_consult_card")

    def colleague(self, contact: str, **parts: Any) -> dict[str, Any]:
        """Somebody has answered with the merchant's own telephone."""
        event = self._event(contact, **parts)
        return {**event, "event": "im_send_msg", "from_user_id": self.merchant, "to_user_id": contact}

    def read(self, contact: str) -> dict[str, Any]:
        """He has read what was said to him; `index` grows and names no message."""
        return {**self._event(contact, index=self.number()), "event": "im_message_read", "log_id": str(self.number())}

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        (event,) = events
        raw = json.dumps(dict(event), ensure_ascii=False).encode()
        key = secret if secret is not None else self.secret
        signed = hashlib.sha1(key.encode("utf-8", "surrogateescape") + raw).hexdigest()
        headers = {"X-Douyin-Signature": signed, "Msg-Id": str(self.number())}
        return Hook(raw, {"Content-Type": "application/json", **headers})

    def handshake(self, secret: str | None = None) -> tuple[Hook, bytes]:
        asked = {"event": "verify_webhook", "client_key": "", "content": {"challenge": 12345}}
        return self.hook(asked, secret=secret), b'{"challenge": 12345}'

    def carries(self, call: Call) -> bool:
        return call.path == "/im/send/msg/"

    def answer(self, call: Call) -> Response:
        if call.path == "/oauth/client_token/":
            return self._for_the_app(call.json)
        if call.path.startswith("/oauth/"):
            return Response(body={"data": self._renewed(call.path, call.form), "message": "success"})
        if call.path == "/tool/imagex/client_upload/":
            if call.headers.get("access-token") != self.app_token:
                return Response(body={"data": {"error_code": 2190002, "description": "access_token invalid"}})
            if "tool.image.upload" not in self.scopes:
                return Response(body={"data": {"error_code": 28001018, "description": "应用未获得该能力"}})
            image = {"image_id": self.uploaded(call.parts["image"]), "width": 1, "height": 1, "md5": "x"}
            return Response(body={"extra": {"error_code": 0}, "data": {"error_code": 0, "description": ""}, **image})
        if call.path == "/resource":
            shown = call.headers.get("access-token"), call.headers.get("openid")
            assert shown == (self.token, self.merchant), "as when the address was asked for"
            return self.kept(call.query["message"])
        if call.headers.get("access-token") != self.token or call.query.get("open_id") != self.merchant:
            return Response(body={"data": {"error_code": 2190008, "description": "access_token expired"}})
        if call.path == "/api/im/message/resources/":
            lets = "im.multimedia_message" in self.scopes
            no = Response(body={"err_no": 28001018, "err_msg": "应用未获得该能力", "data": {}})
            return self._resource(call.query) if lets else no
        return self._sent(call.json)

    def _sent(self, body: dict[str, Any]) -> Response:
        content = body["content"]
        files = [content["image"]["media_id"]] if content["msg_type"] == 2 else []
        known = content["msg_type"] == 1 or files[0] in self.uploads
        if body["scene"] != "im_replay_msg" or not body["msg_id"].startswith("@") or not known:
            return Response(body={"data": {"error_code": 28001007, "description": "parameter"}})
        text = "" if files else content["text"]["text"]
        self.received.append(Received(body["to_user_id"], text, files=files))
        self.given.append(f"@{self.number()}")
        return Response(body={"data": {"error_code": 0, "msg_id": self.given[-1]}})

    def _resource(self, asked: Mapping[str, str]) -> Response:
        """The address of a customer's own picture, escaped as the page warns that it may be."""
        if asked["message_id"] not in self.media or not asked["conversation_id"].startswith("@c"):
            return Response(body={"err_no": 28029020, "err_msg": "未获取到资源链接", "data": {}})
        name = urlencode({"x": 1, "message": asked["message_id"]}).replace("&", r"\u0026")
        url = f"{self.url}/resource?{name}"
        return Response(body={"err_no": 0, "err_msg": "", "data": {"media_type": "image", "url": url}})

    def _for_the_app(self, asked: Mapping[str, str]) -> Response:
        if asked != {"grant_type": "client_credential", "client_key": self.key, "client_secret": self.secret}:
            return Response(body={"data": {"error_code": 10003, "description": "client_key"}, "message": "error"})
        self.app_token = f"clt.{self.number():010}"
        told = {"access_token": self.app_token, "expires_in": 7200, "error_code": 0, "description": ""}
        return Response(body={"data": told, "message": "success"})

    def _renewed(self, path: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Numbers come as text, as in the documentation's samples."""
        if form.get("client_key") != self.key:
            return {"error_code": 10003, "description": "client_key"}
        if form.get("refresh_token") != self.refresh_token or self.refresh_lasts_s <= 0:
            return {"error_code": 10010, "description": "refresh_token expired"}
        if path == "/oauth/refresh_token/" and form.get("grant_type") == "refresh_token":
            tokens = {"access_token": self.token, "refresh_token": self.refresh_token, "open_id": self.merchant}
            ends = {"expires_in": str(15 * 24 * 3600), "refresh_expires_in": str(self.refresh_lasts_s)}
            return {"error_code": 0, "description": "", "scope": "im.direct_message", **tokens, **ends}
        if path != "/oauth/renew_refresh_token/":
            return {"error_code": 10005, "description": "parameter"}
        if not self.renewals:
            return {"error_code": 10020, "description": "too often"}
        self.renewals -= 1
        self.refresh_token, self.refresh_lasts_s = f"rft.{self.number():010}", 30 * 24 * 3600
        ends = {"expires_in": str(self.refresh_lasts_s)}
        return {"error_code": 0, "description": "", "refresh_token": self.refresh_token, **ends}

    def _event(self, contact: str, **parts: Any) -> dict[str, Any]:
        content = {
            "conversation_short_id": f"@c{contact}",
            "server_message_id": f"@{self.number()}",
            "conversation_type": 1,
            "create_time": int(time.time() * 1000),
            "source": "",
            "user_infos": [{"open_id": contact, "nick_name": "小王"}],
            **parts,
        }
        ends = {"from_user_id": contact, "to_user_id": self.merchant}
        return {"event": "im_receive_msg", "client_key": self.key, **ends, "content": json.dumps(content)}


class FakeWeibo(Platform):
    signs_time = True
    channel = "weibo"
    signing = "app_secret"
    secret, token = "xyz123xyz", "2.00weibo-access-token"
    lasts_s = 30 * 24 * 3600

    def fields(self) -> dict[str, str]:
        return {"app_secret": self.secret, "access_token": self.token, "api": self.url}

    def text(self, contact: str, text: str) -> dict[str, Any]:
        return self._event(contact, "text", text, {})

    def handshake(self, secret: str | None = None) -> tuple[Hook, bytes]:
        hook = self.hook({}, secret=secret)
        return Hook(b"", {}, "GET", f"{hook.query}&echostr=43751"), b"43751"

    def photo(self, contact: str, content: bytes) -> dict[str, Any]:
        return self._event(contact, "image", "发了一张图片", {"vfid": 1, "tovfid": self.keep(content)})

    def strange(self, contact: str) -> dict[str, Any]:
        return self._event(contact, "voice", "", {"number": self.number()})

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        (event,) = events
        stamp, nonce = str(int(self.now() * 1000)), "57155157"
        key = secret if secret is not None else self.secret
        signed = hashlib.sha1("".join(sorted((key, stamp, nonce))).encode("utf-8", "surrogateescape")).hexdigest()
        query = urlencode({"signature": signed, "timestamp": stamp, "nonce": nonce})
        return Hook(json.dumps(dict(event)).encode(), {"Content-Type": "application/json"}, query=query)

    def answer(self, call: Call) -> Response:
        if call.path == "/2/mss/msget":
            return self.kept(call.query["fid"], Response(400, {"error": "file not exists", "error_code": 21301}))
        form = call.form
        if form.get("access_token") != self.token:
            return Response(403, {"error": "invalid_access_token", "error_code": 21332})
        if call.path == "/oauth2/get_token_info":
            return Response(body={"uid": "1", "scope": None, "create_at": 1352267591, "expire_in": self.lasts_s})
        text = json.loads(form["data"])["text"]
        if len(text) >= 300:
            return Response(400, {"error": "text too long", "error_code": 20012})
        self.received.append(Received(form["receiver_id"], text))
        return Response(body={"result": True})

    def _event(self, contact: str, kind: str, text: str, data: Mapping[str, Any]) -> dict[str, Any]:
        at = datetime.now(timezone(timedelta(hours=8))) - timedelta(seconds=self.number())
        created = at.strftime("%a %b %d %H:%M:%S %z %Y")
        return {
            "type": kind,
            "receiver_id": 1,
            "sender_id": int(contact),
            "created_at": created,
            "text": text,
            "data": dict(data),
        }


class FakeKuaishou(Platform):
    channel = "kuaishou"
    signing = "app_secret"
    secret = "test_secret"

    def fields(self) -> dict[str, str]:
        places = {"event": "IM_MESSAGE", "contact_field": "from.id", "text_field": "content.text"}
        return {"app_secret": self.secret, "url": f"{self.url}/answers", **places}

    def text(self, contact: str, text: str) -> dict[str, Any]:
        return self._event(contact, {"text": text})

    def strange(self, contact: str) -> dict[str, Any]:
        return self._event(contact, {"video": 1})

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        (event,) = events
        raw = json.dumps(dict(event), ensure_ascii=False).encode()
        key = secret if secret is not None else self.secret
        signed = hashlib.md5(raw + key.encode("utf-8", "surrogateescape")).hexdigest()
        return Hook(raw, {"Content-Type": "application/json", "kwaisign": signed})

    def answer(self, call: Call) -> Response:
        assert call.headers["kwaisign"] == hashlib.md5(call.raw + self.secret.encode()).hexdigest()
        self.received.append(Received(call.json["to"], call.json["text"]))
        return Response(body={"result": 1})

    def _event(self, contact: str, content: Mapping[str, Any]) -> dict[str, Any]:
        data = {"unique_message_id": f"u{self.number()}", "from": {"id": contact}, "content": dict(content)}
        return {"message_id": f"m{self.number()}", "event": "IM_MESSAGE", "app_id": "ks1", "timestamp": 1, "data": data}
