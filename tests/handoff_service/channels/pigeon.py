"""A second platform, to prove the contract: several events in one webhook, no signed time, and no dedupe of its own."""

from __future__ import annotations

from datetime import datetime

from handoff_service.channels.caller import Caller
from handoff_service.channels.model import (
    Abilities,
    Account,
    Checked,
    Field,
    Inbound,
    Outbound,
    Parsed,
    WebhookRequest,
    equal,
)
from handoff_service.channels.strict_json import parse_object
from handoff_service.channels.wording import Form
from handoff_service.errors import Unauthorized


class Pigeon:
    """Notes on the leg of a bird; the token travels in a header."""

    abilities = Abilities(title="Pigeon", form=Form(), checked="the pigeon in tests")
    fields = (Field("url", "the loft"), Field("secret", "the ring", secret=True, made=True))

    def check(self, account: Account, request: WebhookRequest) -> Checked:
        if not equal(request.headers.get("x-pigeon", ""), account.secret("secret")):
            raise Unauthorized("This is not one of our birds.")
        return Checked(body=request.raw, request=request)

    def parse(self, account: Account, checked: Checked) -> Parsed:  # noqa: ARG002 (the channels' shape)
        notes = parse_object(checked.body)["notes"]
        return Parsed(
            [
                Inbound(event_id=note["id"], contact=note["from"], language="en", body={"text": note["text"]})
                for note in notes
            ]
        )

    async def send(self, caller: Caller, account: Account, message: Outbound, now: datetime) -> str | None:
        said = {
            "contact": {"id": message.contact},
            "conversation": message.conversation,
            "seq": message.seq,
            "text": message.text,
        }
        headers = {"Idempotency-Key": f"{message.mid}-{now.timestamp()}"}
        await caller.post(account.options["url"], json_body=said, headers=headers)
        return None
