"""The pages of a site by its sitemap; what robots.txt forbids is not read."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

from kb_index.errors import SourceUnreadable
from kb_index.importing.cleaning import decoded
from kb_index.importing.html import read_html
from kb_index.importing.markdown import read_markdown, read_text
from kb_index.importing.model import Reading, Skip
from kb_index.importing.public_only import LARGEST_PAGE, Fetch, Page
from kb_index.importing.robots import RobotsOf
from kb_index.importing.splitting import items_of

MOST_SITEMAPS = 50
_PAGES = {"text/html": read_html, "application/xhtml+xml": read_html}
_TEXTS = {"text/markdown": read_markdown, "text/plain": read_text}
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)


@dataclass(frozen=True)
class SiteRules:
    """How far an import of a site may go."""

    hosts: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    pause: float = 0.5
    most_pages: int = 2000


def is_address(source: str) -> bool:
    return bool(re.match(r"https?://", source, re.IGNORECASE))


def read_site(
    source: str,
    rules: SiteRules,
    *,
    validators: Mapping[str, Mapping[str, str]],
    progress: Callable[[str], None],
) -> Iterator[Reading]:
    """One Reading for each page; `validators` are the headers by which a server tells that a page has not changed."""
    fetch = Fetch(hosts=(_host(source), *rules.hosts), allowed=rules.allowed, pause=rules.pause)
    try:
        robots = RobotsOf(fetch)
        robots.of(source)
        pages, skips = _addresses(fetch, robots, source)
        if len(pages) > rules.most_pages:
            skips.append(Skip("", f"{len(pages)} pages: only {rules.most_pages} are read, see --pages", fault=True))
        for place, address in enumerate(pages[: rules.most_pages], 1):
            progress(f"[{place}/{min(len(pages), rules.most_pages)}] {address}")
            yield _reading(fetch, robots, address, validators.get(address, {}))
        yield Reading(source, source, skips=tuple(skips))
    finally:
        fetch.close()


def _host(address: str) -> str:
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    try:
        port = parts.port
    except ValueError as error:
        raise SourceUnreadable(address, "its port is no number") from error
    return host if port in (None, 80, 443) else f"{host}:{port}"


def _addresses(fetch: Fetch, robots: RobotsOf, source: str) -> tuple[list[str], list[Skip]]:
    """The pages of a sitemap and the sitemaps that it names; a source that is no sitemap is one page."""
    bare = urlsplit(source).path in ("", "/")
    waiting = (list(robots.of(source).sitemaps) or [urljoin(source, "/sitemap.xml")]) if bare else [source]
    pages: dict[str, None] = {}
    skips: list[Skip] = []
    seen: set[str] = set()
    while waiting and len(seen) < MOST_SITEMAPS:
        address = waiting.pop(0)
        if address in seen:
            continue
        seen.add(address)
        try:
            named = _sitemap(fetch, address)
        except SourceUnreadable as error:
            skips.append(Skip(address, error.why, fault=True))
            continue
        if named is None and address == source:
            return [source], skips
        for kind, listed in named or ():
            if not fetch.may_read(listed):
                skips.append(Skip(listed, "its host is not on the list: add it with --host", unseen=True))
            elif kind == "sitemap":
                waiting.append(listed)
            else:
                pages[listed] = None
    if waiting:
        skips.append(Skip(waiting[0], f"only {MOST_SITEMAPS} sitemaps are read", fault=True))
    if not pages and not skips:
        skips.append(Skip(source, "the sitemap names no pages", fault=True))
    return list(pages), skips


def _sitemap(fetch: Fetch, address: str) -> list[tuple[str, str]] | None:
    """(\"sitemap\" or \"url\", address) for everything that a sitemap names; None when it is no XML."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    page = fetch.get(address)
    if page.status != 200:
        raise SourceUnreadable(address, f"the server answers {page.status}")
    content = page.content
    if content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.GzipFile(fileobj=io.BytesIO(content)).read(LARGEST_PAGE + 1)
        except (OSError, EOFError) as error:
            raise SourceUnreadable(address, f"it is no gzip file ({error})") from error
        if len(content) > LARGEST_PAGE:
            raise SourceUnreadable(address, f"it unpacks to more than {LARGEST_PAGE} bytes")
    if page.kind in _PAGES or not re.match(rb"\s*(?:\xef\xbb\xbf)?\s*<\?xml|\s*<(?:urlset|sitemapindex)", content):
        return None
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise SourceUnreadable(address, f"it is no sitemap ({type(error).__name__}: {error})") from error
    found = []
    for entry in root:
        location = next((child.text for child in entry if child.tag.rpartition("}")[2] == "loc"), None)
        if location and location.strip():
            found.append((entry.tag.rpartition("}")[2], urljoin(address, location.strip())))
    return found


def _reading(fetch: Fetch, robots: RobotsOf, address: str, validators: Mapping[str, str]) -> Reading:
    """One page as items, or why there are none."""
    empty = Reading(address, address)
    try:
        if not robots.of(address).allow(address):
            return replace(empty, skips=(Skip("", "robots.txt forbids it", unseen=True),))
        page = fetch.get(address, headers=validators)
        elsewhere = page.address != address and not robots.of(page.address).allow(page.address)
    except SourceUnreadable as error:
        return replace(empty, skips=(Skip("", error.why, fault=True),))
    if page.status == 304:
        return replace(empty, unchanged=True, validators=validators)
    if page.status in (404, 410):
        return replace(empty, skips=(Skip("", f"the server answers {page.status}: the page is gone"),))
    if page.status != 200:
        return replace(empty, skips=(Skip("", f"the server answers {page.status}", fault=True),))
    if elsewhere:
        return replace(empty, skips=(Skip("", f"leads to {page.address}, which robots.txt forbids", unseen=True),))
    return _read_page(page, empty)


def _read_page(page: Page, empty: Reading) -> Reading:
    try:
        if page.kind in _PAGES:
            document = read_html(_page_text(page.content), title="", address=page.address)
        elif page.kind in _TEXTS:
            document = _TEXTS[page.kind](decoded(page.content)[0], title="")
        else:
            return replace(empty, skips=(Skip("", f"{page.kind or 'no type'} is not imported from sites, only text"),))
    except (ValueError, UnicodeDecodeError) as error:
        return replace(empty, skips=(Skip("", str(error), fault=True),))
    items, skips = items_of(document)
    if not items and not skips:
        skips = [Skip("", "the page has no text")]
    digest = hashlib.sha256(page.content).hexdigest()
    return replace(empty, items=tuple(items), skips=tuple(skips), validators=page.validators, digest=digest)


def _page_text(content: bytes) -> str:
    """The text of a page in the encoding that it names, else in the one that it seems to have."""
    named = _CHARSET.search(content[:4096])
    if named is not None and not content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        encoding = named[1].decode("ascii").lower()
        encoding = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs"}.get(encoding, encoding)
        try:
            return content.decode(encoding)
        except (LookupError, UnicodeDecodeError):
            pass
    return decoded(content)[0]
