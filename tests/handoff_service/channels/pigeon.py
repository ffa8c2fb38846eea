"""A second platform, to prove the contract: several events in one webhook, no signed time, and no dedupe of its own."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from datetime import datetime

import httpx2

from handoff_service.channels.http_delivery import post
from handoff_service.channels.model import Account, Inbound, Outbound, WebhookRequest
from handoff_service.channels.strict_json import parse_object
from handoff_service.errors import Unauthorized


class Pigeon:
    """Notes on the leg of a bird; the token travels in a header."""

    dedupes = False

    def verify(self, account: Account, request: WebhookRequest) -> None:
        if not hmac.compare_digest(request.headers.get("x-pigeon", "").encode(), account.secrets[0].encode()):
            raise Unauthorized("This is not one of our birds.")

    def parse(self, raw: bytes) -> Sequence[Inbound]:
        return [
            Inbound(event_id=note["id"], contact=note["from"], name="", language="en", body={"text": note["text"]})
            for note in parse_object(raw)["notes"]
        ]

    async def send(self, client: httpx2.AsyncClient, account: Account, message: Outbound, now: datetime) -> str | None:
        said = {
            "contact": {"id": message.contact},
            "conversation": message.conversation,
            "seq": message.seq,
            "text": message.text,
        }
        headers = {"Idempotency-Key": f"{message.mid}-{now.timestamp()}"}
        await post(client, account.url, json.dumps(said).encode(), headers)
        return None
