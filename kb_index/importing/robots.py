"""robots.txt as RFC 9309 has it: the longest rule counts, with wildcards; each host has its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote, urljoin, urlsplit

from kb_index.errors import SourceUnreadable
from kb_index.importing.public_only import AGENT, Fetch

LARGEST = 512_000
"""Bytes that are looked at; the standard asks for at least so many."""


@dataclass(frozen=True)
class Rule:
    allows: bool
    path: str

    def matches(self, path: str) -> bool:
        """`*` stands for anything, `$` at the end for the end."""
        ends = self.path.endswith("$")
        pieces = [re.escape(piece) for piece in self.path.removesuffix("$").split("*")]
        return re.match(".*".join(pieces) + ("$" if ends else ""), path) is not None


@dataclass(frozen=True)
class Robots:
    """What one host lets us read, how many seconds it wants between pages, and the sitemaps that it names."""

    rules: tuple[Rule, ...] = ()
    delay: float | None = None
    sitemaps: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str, *, agent: str = AGENT) -> Robots:
        """The groups for this agent, or else those for everybody."""
        groups: dict[str, list[tuple[str, str]]] = {}
        sitemaps: list[str] = []
        named: list[str] = []
        began = False
        for key, value in _lines(text):
            if key == "sitemap":
                sitemaps.append(value)
            elif key == "user-agent":
                named = [value.lower()] if began else [*named, value.lower()]
                began = False
                groups.setdefault(value.lower(), [])
            elif key in ("allow", "disallow", "crawl-delay"):
                began = True
                for each in named:
                    groups[each].append((key, value))
        ours = groups.get(agent.lower(), groups.get("*", []))
        rules = tuple(Rule(key == "allow", _plain(value)) for key, value in ours if key != "crawl-delay" and value)
        delays = [float(value) for key, value in ours if key == "crawl-delay" and re.fullmatch(r"\d+(\.\d+)?", value)]
        return cls(rules, max(delays, default=None), tuple(sitemaps))

    def allow(self, address: str) -> bool:
        """Whether a page may be read: the longest rule that matches decides, of equally long ones the kinder."""
        parts = urlsplit(address)
        path = _plain((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        matching = [(len(rule.path), rule.allows) for rule in self.rules if rule.matches(path)]
        return max(matching, default=(0, True))[1]


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.removeprefix("\ufeff").splitlines():
        key, colon, value = line.partition("#")[0].partition(":")
        if colon:
            yield key.strip().lower(), value.strip()


def _plain(path: str) -> str:
    """The same path in the same letters, however it was escaped."""
    return quote(unquote(path), safe="/*$?=&;:@!,+()'-._~")


class RobotsOf:
    """The robots.txt of every host that is read, asked for once."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._known: dict[str, Robots | SourceUnreadable] = {}

    def of(self, address: str) -> Robots:
        """Without a file everything is allowed; raises SourceUnreadable when it cannot be read: then nothing is."""
        parts = urlsplit(address)
        host = f"{parts.scheme}://{parts.netloc}".lower()
        if host not in self._known:
            self._known[host] = self._read(address)
        found = self._known[host]
        if isinstance(found, SourceUnreadable):
            raise found
        return found

    def _read(self, address: str) -> Robots | SourceUnreadable:
        try:
            page = self._fetch.get(urljoin(address, "/robots.txt"))
        except SourceUnreadable as error:
            return error
        if page.status != 200 and not 400 <= page.status < 500:
            return SourceUnreadable(address, f"its robots.txt answers {page.status}: nothing may be read now")
        found = Robots.parse(page.content[:LARGEST].decode("utf-8", "replace")) if page.status == 200 else Robots()
        if found.delay is not None:
            self._fetch.slower(found.delay)
        return found
