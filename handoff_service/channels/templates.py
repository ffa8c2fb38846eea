"""Messages that a platform has approved beforehand: what may be sent to a customer whose window is closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from handoff_service.channels import store
from handoff_service.channels.window import CLOSED, NEVER_OPENED
from handoff_service.conversations.model import Audience, Conversation
from handoff_service.errors import Invalid
from handoff_service.texts import say

OPTION = "template"  # the field of an account that names it


def offered(options: Mapping[str, str], barred: str | None) -> dict[str, str]:
    """What a note about an undelivered message offers: the account's template, where only the window is in its way."""
    name = options.get(OPTION)
    return {"template": name} if name and barred in (CLOSED, NEVER_OPENED) else {}


def asked_for(
    connection: sa.Connection, conversation: Conversation, body: Mapping[str, Any], audience: Audience
) -> dict[str, Any]:
    """The parts of an agent's message that is the account's template. Raises Invalid for another one."""
    name = body.get("template")
    if name is None:
        return {}
    options = store.options(connection, conversation.tenant, conversation.account) if conversation.account else {}
    if audience is not Audience.PUBLIC or not isinstance(name, str) or not name or options.get(OPTION) != name:
        raise Invalid("`template` is the approved message that the conversation's channel account names.")
    return {"template": name, "text": say("template_sent", conversation.language, name=name)}
