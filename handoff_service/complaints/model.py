"""What the register of complaints knows beside the ticket, and the checklist of evidence. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from handoff_service.complaints.settings import AGENT, Category, ComplaintSettings
from handoff_service.conversations.model import AuthorKind, Entry, Kind
from handoff_service.errors import IllegalTransition
from handoff_service.handoffs.facts import facts_in


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """`evidence`: what agents have added, as {"kind", and "value" or "file"}; what is in the timeline is found there.

    `threat`: with what the customer threatens (report, sue …), as the bot understood it.
    """

    tenant: str
    ticket: str
    category: str
    cause: str | None = None
    threat: str | None = None
    wanted: str = ""
    evidence: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    filed_at: datetime
    answered_at: datetime | None = None


class RemedyState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    DONE = "done"


REMEDY_MOVES: Mapping[RemedyState, frozenset[RemedyState]] = {
    RemedyState.PROPOSED: frozenset({RemedyState.APPROVED, RemedyState.REFUSED}),
    RemedyState.APPROVED: frozenset({RemedyState.DONE, RemedyState.REFUSED}),
    RemedyState.REFUSED: frozenset(),
    RemedyState.DONE: frozenset(),
}


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """What is offered to the customer; `amount` in hundredths of the tenant's currency."""

    tenant: str
    id: str
    ticket: str
    kind: str
    amount: int
    note: str
    state: RemedyState
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    done_at: datetime | None = None


def check_remedy(remedy: Remedy, to: RemedyState) -> None:
    """Raises IllegalTransition unless the remedy can become `to`."""
    able = REMEDY_MOVES[remedy.state]
    if to not in able:
        raise IllegalTransition(
            f"A remedy that is {remedy.state} cannot become {to}; it can become {', '.join(sorted(able)) or 'nothing'}."
        )


# What the words of a complaint are about, as far as words tell; the first that fits.
_WORDS = (
    (AGENT, re.compile(r"态度|態度|骂|辱|不耐烦|不耐煩|\b(?:rude|attitude|insult\w*|impolite|swore)\b", re.IGNORECASE)),
    ("delivery", re.compile(r"快递|物流|配送|派送|送货|送貨|delivery|courier|shipping", re.IGNORECASE)),
    ("payment", re.compile(r"退款|扣款|扣费|充值|付款|refund|charged?\b|payment|money", re.IGNORECASE)),
    ("product", re.compile(r"质量|品質|商品|假货|破损|坏了|quality|broken|fake|product|item\b", re.IGNORECASE)),
    ("service", re.compile(r"客服|服务|服務|人工|service|support|agent", re.IGNORECASE)),
)


def guessed_category(rules: ComplaintSettings, text: str) -> str:
    """The category that the words tell, among the tenant's; else its last one."""
    known = {one.id for one in rules.categories}
    return next((name for name, words in _WORDS if name in known and words.search(text)), rules.categories[-1].id)


def found_evidence(timeline: Sequence[Entry]) -> list[dict[str, Any]]:
    """Order numbers and files in the customer's messages, each with its entry; each value once."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in timeline:
        if entry.kind is not Kind.MESSAGE or entry.author.kind is not AuthorKind.CUSTOMER:
            continue
        at = {"conversation": entry.conversation, "seq": entry.seq}
        for kind, value in facts_in(str(entry.body.get("text", ""))):
            if kind == "order_number":
                found.setdefault((kind, value), {"kind": kind, "value": value, **at})
        file = entry.body.get("file")
        if file:
            kind = "pictures" if str(file.get("type", "")).startswith("image/") else "statement"
            found.setdefault((kind, file["id"]), {"kind": kind, "file": file["id"], "name": file.get("name", ""), **at})
    return list(found.values())


def checklist(category: Category | None, evidence: Sequence[Mapping[str, Any]], *, transcript: bool) -> dict[str, bool]:
    """For each kind of evidence that the category needs, whether it is there."""
    there = {str(one["kind"]) for one in evidence} | ({"transcript"} if transcript else set())
    return {kind: kind in there for kind in (category.evidence if category else ("transcript",))}
