"""An integrator behind the signed API, as docs/signed-api.md asks: signs, checks our signatures, drops repeats."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from tests.handoff_service.channels.platforms.fake import Call, Hook, Platform, Received, Response


class FakeIntegrator(Platform):
    signs_time = True
    channel = "api"
    signing = "secret"

    def __init__(self) -> None:
        super().__init__()
        self.keys: set[str] = set()

    def fields(self) -> dict[str, str]:
        return {"url": f"{self.url}/deliveries"}

    def text(self, contact: str, text: str) -> dict[str, Any]:
        return self._event(contact, text=text)

    def strange(self, contact: str) -> dict[str, Any]:
        return self._event(contact, type="sticker")

    def press(self, contact: str, message: Received, index: int) -> dict[str, Any]:
        return self._event(contact, press={"seq": message.buttons[index]["seq"], "index": index})

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        (event,) = events
        assert self.account is not None
        raw, stamp = json.dumps(dict(event), ensure_ascii=False).encode(), str(int(self.now()))
        signed = _sign(secret if secret is not None else self.account.secret("secret"), stamp, raw)
        return Hook(raw, {"X-Tandem-Timestamp": stamp, "X-Tandem-Signature": signed})

    def answer(self, call: Call) -> Response:
        assert self.account is not None
        stamp, given = call.headers["x-tandem-timestamp"], call.headers["x-tandem-signature"].split(",")
        if not any(_sign(secret, stamp, call.raw) in given for secret in self.account.every("secret")):
            return Response(401, {"error": "wrong signature"})
        key, body = call.headers["idempotency-key"], call.json
        if key not in self.keys:
            self.keys.add(key)
            buttons = [{**one, "seq": body["seq"]} for one in body.get("buttons", ())]
            self.received.append(Received(body["contact"]["id"], body["text"], buttons))
        return Response(body={"id": f"pm_{key}"})

    def _event(self, contact: str, **parts: Any) -> dict[str, Any]:
        return {"event_id": f"ev_{self.number()}", "contact": {"id": contact, "name": "Ann"}, **parts}


def _sign(secret: str, stamp: str, raw: bytes) -> str:
    return f"v1={hmac.new(secret.encode(), f'{stamp}.'.encode() + raw, hashlib.sha256).hexdigest()}"
