"""What somebody said about the tenant in public: a post that names him, a comment, a review. Pure.

{"platform": "weibo", "id": "5012", "author": "2489518277", "author_name": "小王", "text": "@蓝鱼 三天没发货",
 "url": "https://m.weibo.cn/status/5012", "time": "2026-11-22T09:30:00+08:00", "rating": 1}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from handoff_service.clock import iso
from handoff_service.errors import Invalid

CHANNEL = "public"  # of every conversation that the whole world can read
FIELDS = ("platform", "id", "author", "author_name", "text", "url", "time", "rating")
NEEDED = ("platform", "id", "author", "text", "url", "time")
MOST_CHARS = 8000
PLATFORM = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
ID = re.compile(r"[^\x00-\x20\x7f\ud800-\udfff]{1,200}")
ADDRESS = re.compile(r"https?://[^\s<>\"\x00-\x1f\x7f\ud800-\udfff]{3,2000}")
HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, kw_only=True)
class PublicMention:
    """`id` is the platform's and never means another post; `rating` is what a review gives, in its own scale."""

    platform: str
    id: str
    author: str
    author_name: str = ""
    text: str
    url: str
    at: datetime
    rating: float | None = None

    @property
    def key(self) -> str:
        """By which the same post is known again."""
        return f"{self.platform}:{self.id}"

    @property
    def by(self) -> str:
        """Its author, as one of all platforms."""
        return f"{self.platform}:{self.author}"

    @property
    def language(self) -> str:
        return "zh" if HAN.search(self.text) else "en"

    def as_json(self) -> dict[str, Any]:
        """Where it stands, for the agents who answer it."""
        told = {"platform": self.platform, "id": self.id, "url": self.url, "at": iso(self.at)}
        return told if self.rating is None else {**told, "rating": self.rating}


def mention_of(given: Mapping[str, Any]) -> PublicMention:
    """A mention from the fields of a file's line or of a request. Raises Invalid, which names the field."""
    fields = {name: value for name, value in given.items() if value not in (None, "")}
    if unknown := sorted(str(name) for name in fields if name not in FIELDS):
        raise Invalid(f"A mention has no field {unknown[0][:60]!r}; it has {', '.join(FIELDS)}.")
    if missing := [name for name in NEEDED if name not in fields]:
        raise Invalid(f"A mention needs `{missing[0]}`.")
    told = {name: str(value).strip() for name, value in fields.items()}
    text = told["text"]
    if not text or len(text) > MOST_CHARS or "\x00" in text or any("\ud800" <= one <= "\udfff" for one in text):
        raise Invalid(f"`text` is 1 to {MOST_CHARS} characters.")
    return PublicMention(
        platform=_like(PLATFORM, "platform", told["platform"].lower(), "letters, digits and _ . -, such as weibo"),
        id=_like(ID, "id", told["id"], "the platform's own id, 1 to 200 signs without spaces"),
        author=_like(ID, "author", told["author"], "the author's id, 1 to 200 signs without spaces"),
        author_name="".join(one for one in told.get("author_name", "") if one.isprintable())[:100],
        text=text,
        url=_like(ADDRESS, "url", told["url"], "the address of the post, https://…"),
        at=_moment(told["time"]),
        rating=_rating(told.get("rating")),
    )


def _like(pattern: re.Pattern[str], name: str, value: str, means: str) -> str:
    if not pattern.fullmatch(value):
        raise Invalid(f"`{name}` is {means}; not {value[:60]!a}.")
    return value


def _moment(value: str) -> datetime:
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise Invalid(f"`time` is like 2026-11-22T09:30:00+08:00; not {value[:60]!a}.") from error
    if at.tzinfo is None:
        raise Invalid(f"`time` knows its zone, like 2026-11-22T09:30:00+08:00; {value[:60]!a} does not.")
    return at.astimezone(UTC)


def _rating(value: str | None) -> float | None:
    if value is None:
        return None
    if not re.fullmatch(r"\d{1,3}(\.\d{1,3})?", value):
        raise Invalid(f"`rating` is a number from 0 up, such as 4 or 4.5; not {value[:60]!a}.")
    return float(value)
