"""What a conversation looks like in a mail, and the code that proves who reads an address. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from handoff_service.channels.model import equal
from handoff_service.conversations.model import AuthorKind, Kind
from handoff_service.files.model import label
from handoff_service.texts import say

DIGITS = 6
# A code is drawn anew so often, and the one before is good as well: it lives for one to two of these.
PERIOD = timedelta(minutes=10)


def draw_code(key: str, about: Sequence[str], now: datetime) -> str:
    """Six digits that only who holds `key` can name: for these facts (tenant, conversation, address), at this time."""
    return _code(key, about, _period(now))


def is_code(given: str, keys: Iterable[str], about: Sequence[str], now: datetime) -> bool:
    """Whether it is a code of this period or the one before, by any key that is valid now."""
    good = [_code(key, about, _period(now) - age) for key in keys for age in (0, 1)]
    return equal(given, *good)


def write_down(entries: Iterable[Mapping[str, Any]], *, brand: str, language: str, zone: ZoneInfo) -> str:
    """The conversation as its customer saw it, a paragraph per message; `entries` are projected for him."""
    lines = [say("transcript_subject", language, brand=brand), ""]
    for entry in entries:
        said = _said(entry, language)
        if said is not None:
            at = datetime.fromisoformat(entry["at"]).astimezone(zone)
            lines.append(f"[{at:%Y-%m-%d %H:%M}] {said}")
    return "\n".join(lines)


def _said(entry: Mapping[str, Any], language: str) -> str | None:
    text = entry.get("body", {}).get("text")
    if entry["kind"] == Kind.STATE:
        return f"– {text}" if text else None
    if entry["kind"] != Kind.MESSAGE:
        return None
    file = entry["body"].get("file")
    named = f" [{file['name']}]" if file and text != label(file["name"]) else ""
    return f"{_speaker(entry['author'], language)}: {text}{named}"


def _speaker(author: Mapping[str, Any], language: str) -> str:
    match author["kind"]:
        case AuthorKind.CUSTOMER:
            return say("transcript_you", language)
        case AuthorKind.BOT:
            return say("transcript_bot", language)
        case AuthorKind.AGENT if author.get("name"):
            return str(author["name"])
    return say("transcript_team", language)


def _period(now: datetime) -> int:
    return int(now.timestamp() // PERIOD.total_seconds())


def _code(key: str, about: Sequence[str], period: int) -> str:
    said = "\x00".join(["transcript", *about, str(period)]).encode()
    number = int.from_bytes(hmac.digest(key.encode(), said, hashlib.sha256)[:8])
    return f"{number % 10**DIGITS:0{DIGITS}}"
