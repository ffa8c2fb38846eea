"""Whether a mail comes from whom it says: what our own mail server found (RFC 8601, RFC 7489). Pure.

    Authentication-Results: mx.shop.example; dmarc=pass header.from=x.example; spf=pass smtp.mailfrom=x.example

Only headers of the server that the account names count: whoever sends a mail can write others into it. That server
must take such headers out of what comes in, as RFC 8601 section 5 asks. The topmost word on each method holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

BRACKET = re.compile(r"([()])")
METHOD = re.compile(r"([a-z][a-z0-9-]*)(?:/\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
PROPERTY = re.compile(r"([a-z]+\.[a-z0-9_-]+)\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)
MOST_CHARS = 4000


class Verdict(StrEnum):
    """`UNASKED`: the account names no server whose word would count."""

    UNASKED = ""
    PROVEN = "proven"
    UNPROVEN = "unproven"
    FORGED = "forged"


def verdict(results: Sequence[str], server: str, sender: str, *, alone: bool = True) -> Verdict:
    """What the account's `server` says of a mail from `sender`; `results` are the headers, the topmost first.

    `alone` is false for a mail that names several senders: it proves none.
    """
    if not server:
        return Verdict.UNASKED
    domain = sender.rpartition("@")[2].lower().rstrip(".")
    found: dict[str, tuple[str, Mapping[str, str]]] = {}
    for one in results:
        for method, result, properties in _methods(one[:MOST_CHARS], server):
            name = f"dkim:{_signer(properties)}" if method == "dkim" else method  # a mail may bear several signatures
            found.setdefault(name, (result, properties))
    dmarc, properties = found.get("dmarc", ("", {}))
    if dmarc == "fail":
        return Verdict.FORGED
    if not alone:
        return Verdict.UNPROVEN
    if dmarc == "pass":
        named = properties.get("header.from", domain)
        return Verdict.PROVEN if _address_domain(named) == domain else Verdict.UNPROVEN
    signed = [part for name, (result, part) in found.items() if name.startswith("dkim:") and result == "pass"]
    by = [_signer(part) for part in signed]
    spf, properties = found.get("spf", ("", {}))
    if spf == "pass":
        by.append(_address_domain(properties.get("smtp.mailfrom", "")))
    return Verdict.PROVEN if any(one and _aligned(one, domain) for one in by) else Verdict.UNPROVEN


def _methods(header: str, server: str) -> list[tuple[str, str, Mapping[str, str]]]:
    """(method, result, properties) of a header; none of another server's."""
    who, *parts = _without_comments(" ".join(header.split())).split(";")
    if not who.split() or who.split()[0].lower() != server.lower():
        return []
    methods: list[tuple[str, str, Mapping[str, str]]] = []
    for part in parts:
        word = METHOD.match(part.strip())
        if word is not None:
            properties = {name.lower(): value.lower() for name, value in PROPERTY.findall(part)}
            methods.append((word[1].lower(), word[2].lower(), properties))
    return methods


def _without_comments(text: str) -> str:
    """Comments may hold comments; whoever sends a mail chooses how deep, so each sign is looked at once."""
    kept: list[str] = []
    opened: list[int] = []
    for piece in BRACKET.split(text):
        if piece == "(":
            opened.append(len(kept))
        if piece == ")" and opened:
            del kept[opened.pop() :]
            piece = " "
        kept.append(piece)
    return "".join(kept)


def _signer(properties: Mapping[str, str]) -> str:
    return properties.get("header.d") or _address_domain(properties.get("header.i", ""))


def _address_domain(given: str) -> str:
    return given.rpartition("@")[2].lower().rstrip(".")


def _aligned(one: str, domain: str) -> bool:
    """Whether one is the other's domain or lies above it; what lies beside it (a.example, b.example) is not."""
    return one == domain or (domain.endswith(f".{one}") and "." in one)
