"""What the knowledge base says about a text, and the client that asks it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

import aiohttp

from bot import trace

REWRITE_SLACK_S = 0.5
"""So much longer than its own limit a rewriting is waited for: the way there and back, and the check."""


class KnowledgeUnavailable(Exception):
    """The knowledge base did not give a usable answer; the text says what happened."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One article found, with the probability (0..1) that it answers the text; with a doubt it is never shown.

    quote: its exact words are said, all of them or none.
    rewrite_within_s: so long the knowledge base may take to find shorter words for the answer; None: it will not try.
    """

    article: str
    language: str
    title: str
    answer: str
    score: float
    probability: float
    quote: bool = False
    doubt: str | None = None
    rewrite_within_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Reminder:
    """A former question of the contact that may still be open, asked at a day like 2026-03-05."""

    article: str
    title: str
    asked_on: date


@dataclass(frozen=True, kw_only=True)
class Mood:
    """How unhappy (0..1) the text sounds, with the words that say so."""

    unhappy: float
    label: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Understanding:
    """The answer of /understand; `raw` is the JSON as it came."""

    action: str
    rule: str
    hits: tuple[Hit, ...]
    mood: Mood
    language: str
    raw: Mapping[str, Any]
    reminder: Reminder | None = None

    @classmethod
    def from_json(cls, raw: Any) -> "Understanding":
        """Read a /understand response; raises KnowledgeUnavailable when its shape is not the contract's."""
        try:
            hits = tuple(read_hit(hit) for hit in raw["hits"])
            mood = raw["mood"]
            return cls(
                action=str(raw["decision"]["action"]),
                rule=str(raw["decision"].get("rule", "")),
                hits=hits,
                mood=Mood(
                    unhappy=float(mood["unhappy"]), label=str(mood["label"]), evidence=tuple(map(str, mood["evidence"]))
                ),
                language=str(raw["language"]),
                raw=raw,
                reminder=read_reminder(raw.get("reminder")),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise KnowledgeUnavailable(f"/understand answered in another shape: {error!r}") from error


def read_hit(raw: Mapping[str, Any]) -> Hit:
    """One hit of a /understand response."""
    return Hit(
        article=str(raw["article"]),
        language=str(raw["language"]),
        title=str(raw["title"]),
        answer=str(raw["answer"]),
        score=float(raw["score"]),
        probability=float(raw["probability"]),
        quote=raw.get("quote") is True,
        doubt=str(raw["doubt"]) if raw.get("doubt") else None,
        rewrite_within_s=float(raw["rewrite_within_s"]) if raw.get("rewrite_within_s") else None,
    )


def read_reminder(raw: Mapping[str, Any] | None) -> Reminder | None:
    """The reminder of a /understand response."""
    if raw is None:
        return None
    day = date.fromisoformat(str(raw["asked_at"])[:10])
    return Reminder(article=str(raw["article"]), title=str(raw["title"]), asked_on=day)


@dataclass(frozen=True, kw_only=True)
class Article:
    """An article in one language."""

    article: str
    language: str
    title: str
    answer: str
    quote: bool = False


class KnowledgeBase:
    """HTTP client of kb_index; one kept-alive session, one time limit (seconds) for each call."""

    def __init__(self, url: str, *, timeout: float) -> None:
        self._url = url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Open the session; must run in the event loop that serves."""
        self._session = aiohttp.ClientSession(timeout=self._timeout)

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    async def understand(
        self,
        text: str,
        *,
        tenant: str,
        language: str | None,
        context: Sequence[Mapping[str, str]],
        channel: str = "chat",
        contact: Mapping[str, Any] | None = None,
    ) -> Understanding:
        """Hits, decision and mood for a text; raises KnowledgeUnavailable."""
        body: dict[str, Any] = {
            "text": text,
            "tenant": tenant,
            "language": language,
            "context": list(context),
            "audience": "public",
            "limit": 5,
            "channel": channel,
        }
        if contact is not None:
            body["contact"] = contact
        return Understanding.from_json(await self._call("POST", "/understand", json=body))

    async def answer(self, hit: Hit, *, text: str, tenant: str, channel: str = "chat") -> str:
        """The answer of a hit to a text, in shorter words where the knowledge base found some that say the same."""
        if hit.quote or hit.rewrite_within_s is None:
            return hit.answer
        body = {"text": text, "tenant": tenant, "article": hit.article, "language": hit.language, "channel": channel}
        limit = aiohttp.ClientTimeout(total=hit.rewrite_within_s + REWRITE_SLACK_S)
        try:
            raw = await self._call("POST", "/rewrite", json=body, timeout=limit)
        except KnowledgeUnavailable:
            return hit.answer
        written = raw.get("text") if isinstance(raw, dict) and raw.get("decision") == "written" else None
        return written if isinstance(written, str) and written else hit.answer

    async def article(self, article: str, *, tenant: str, language: str, channel: str = "chat") -> Article | None:
        """The article in a language; None when there is none, or one in doubt. Raises KnowledgeUnavailable."""
        path = f"/articles/{quote(tenant, safe='')}/{quote(article, safe='')}"
        raw = await self._call("GET", path, params={"language": language, "channel": channel}, may_be_missing=True)
        if raw is None or (isinstance(raw, dict) and raw.get("doubt")):
            return None
        try:
            return Article(
                article=raw["article"],
                language=raw["language"],
                title=raw["title"],
                answer=raw["answer"],
                quote=raw.get("quote") is True,
            )
        except (KeyError, TypeError) as error:
            raise KnowledgeUnavailable(f"{path} answered in another shape: {error!r}") from error

    async def _call(self, method: str, path: str, *, may_be_missing: bool = False, **options: Any) -> Any:
        if self._session is None:
            raise KnowledgeUnavailable("the client is not open")
        try:
            async with self._session.request(method, self._url + path, headers=trace.headers(), **options) as response:
                if response.status == 404 and may_be_missing:
                    return None
                if response.status != 200:
                    raise KnowledgeUnavailable(f"{method} {self._url}{path} answered {response.status}")
                return await response.json()
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError) as error:
            raise KnowledgeUnavailable(f"{method} {self._url}{path} failed: {error!r}") from error
