"""What came from a platform, checked and parsed: whatever it holds, the answer is an error of ours or events in bounds.

Adapters read what the documentation says. That a platform, or somebody who poses as it, sends something else ends here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog

from handoff_service.channels.model import (
    Account,
    Channel,
    Checked,
    Colleague,
    Happening,
    Inbound,
    Notice,
    Parsed,
    WebhookRequest,
)
from handoff_service.channels.strict_json import mended_text
from handoff_service.conversations.receive import MAX_CHARS
from handoff_service.errors import Invalid, Malformed, Unauthorized

log = structlog.get_logger()

MOST_ID_CHARS = 200
# What comes of a list where an object was expected, of a number where a text was, of a name that is missing …
OTHER_SHAPE = (
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    RecursionError,
)


def check(channel: Channel, account: Account, request: WebhookRequest) -> Checked:
    """As the channel's own `check`. Raises Unauthorized, where whoever posts can mend it also Malformed."""
    try:
        return channel.check(account, request)
    except Invalid as error:  # what cannot be read was not proven either
        if channel.abilities.strict:
            raise
        raise Unauthorized(error.message) from error
    except OTHER_SHAPE as error:
        raise Unauthorized("The request is not one that this platform makes.") from error


def parse(channel: Channel, account: Account, checked: Checked) -> Parsed:
    """As the channel's own `parse`, its events in bounds. Raises Malformed or Invalid."""
    try:
        parsed = channel.parse(account, checked)
    except OTHER_SHAPE as error:
        raise Malformed(
            f"The body is not what {channel.abilities.title} sends ({error.__class__.__name__})."
        ) from error
    if channel.abilities.strict:
        return parsed
    return replace(parsed, events=usable(parsed.events, account))


def usable(events: Sequence[Happening], account: Account) -> list[Happening]:
    """The events that can be kept, as a timeline can hold them: one that cannot must not hold up those behind it."""
    return [_in_bounds(one) for one in events if _is_named(one, account)]


def _in_bounds(event: Happening) -> Happening:
    """A customer's words as a timeline can hold them: nobody could repeat them better."""
    if isinstance(event, Notice):
        return replace(event, reason=mended_text(event.reason))
    if isinstance(event, Colleague):
        return replace(event, text=mended_text(event.text)[:MAX_CHARS])
    if not isinstance(event, Inbound) or "text" not in event.body:
        return event
    text = mended_text(str(event.body["text"]))
    if len(text) > MAX_CHARS:
        text = f"{text[: MAX_CHARS - 1]}…"
    if text.strip() or "press" in event.body:
        return replace(event, body={**event.body, "text": text})
    return replace(event, body={}, unsupported=None if event.media else "blank")


def _is_named(event: Happening, account: Account) -> bool:
    """Whether the event and who made it have names that can be kept; else it is nobody's and is left out."""
    for name in (event.event_id, event.contact):
        if not 0 < len(name) <= MOST_ID_CHARS or not name.isprintable() or name == "None":
            log.warning("event without a usable id", channel=account.channel, account=account.id)
            return False
    return True
