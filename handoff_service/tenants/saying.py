"""What the gateway says to a customer, in the words of his tenant."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from handoff_service.conversations.model import Draft
from handoff_service.tenants import store
from handoff_service.tenants.tone import in_own_words
from handoff_service.texts import Said


def restated(connection: sa.Connection, tenant: str, draft: Draft) -> Draft:
    """The entry with the tenant's own words for a sentence of the gateway, where it has some.

    Not where a `client_id` tells a repeat from something new by its content.
    """
    text = draft.body.get("text")
    if not isinstance(text, Said) or draft.client_id is not None:
        return draft
    tone = store.find(connection, tenant).settings.tone
    return replace(draft, body={**draft.body, "text": in_own_words(text, tone)}) if tone.says else draft
