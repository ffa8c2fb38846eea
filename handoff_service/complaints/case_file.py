"""The case file of a complaint, for a regulator or a court: as JSON, and as a page that can be printed. Pure.

What is in it: the complaint, its evidence and remedies, the lines of its log, and what customer and shop have said to
each other. Not in it: internal notes of conversations, and those of the ticket unless they are asked for. The page has
no scripts and loads nothing; every word in it that somebody has written is escaped.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from html import escape
from typing import Any

from handoff_service.conversations.model import Audience, Entry, Kind
from handoff_service.conversations.projection import for_customer

_STYLE = (
    "body{font:14px/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0}"
    "td,th{border:1px solid #999;padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "th{background:#eee}pre{white-space:pre-wrap;margin:0;font:inherit}@media print{body{margin:0}}"
)
# What a browser may do with the page: show this one style, and nothing else.
CASE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
)
_WORDS = {
    "zh": {
        "title": "投诉案卷",
        "case": "案件",
        "evidence": "证据",
        "remedies": "处理方案",
        "log": "处理记录",
        "talk": "沟通记录",
        "there": "齐全",
        "missing": "缺失",
    },
    "en": {
        "title": "Case file",
        "case": "The case",
        "evidence": "Evidence",
        "remedies": "Remedies",
        "log": "What was done",
        "talk": "What was said",
        "there": "there",
        "missing": "missing",
    },
}


def case_json(
    whole: Mapping[str, Any], timeline: Sequence[Entry], *, tenant: str, made_at: str, notes: bool
) -> dict[str, Any]:
    """The case file; `whole` is the ticket as a desk sees it, `notes`: with what was noted for colleagues."""
    shown = dict(whole)
    if not notes:
        shown |= _without_notes(whole)
        shown["merged"] = [{**one, **_without_notes(one)} for one in whole["merged"]]
    said = [
        {"conversation": entry.conversation, **for_customer(entry, {}, "")}
        for entry in timeline
        if entry.audience is Audience.PUBLIC and entry.kind is Kind.MESSAGE
    ]
    return {"tenant": tenant, "made_at": made_at, **shown, "transcript": said}


def _without_notes(ticket: Mapping[str, Any]) -> dict[str, Any]:
    """Ticket and log without what was written for colleagues: notes go, of other internal lines the words do."""
    lines = [line for line in ticket["log"] if (line["kind"], line["audience"]) != ("updated", "internal")]
    plan = ticket["ticket"].get("follow_up")
    return {
        "ticket": {**ticket["ticket"], "follow_up": plan and _wordless(plan)},
        "log": [line if line["audience"] == "public" else {**line, "body": _wordless(line["body"])} for line in lines],
    }


def _wordless(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in ("text", "note")}


def case_html(case: Mapping[str, Any], language: str) -> str:
    """The same as a page."""
    words = _WORDS.get(language, _WORDS["en"])
    ticket, complaint = case["ticket"], case["complaint"]
    title = f"{words['title']} {ticket['number'] or ticket['id']}"
    facts = {
        "number": ticket["number"],
        "subject": ticket["subject"],
        "state": ticket["state"],
        "customer": (case.get("contact") or {}).get("name"),
        "category": complaint["category"],
        "cause": complaint["cause"],
        "wanted": complaint["wanted"],
        "threat": complaint["threat"],
        "filed_at": complaint["filed_at"],
        "due_at": ticket["due_at"],
        "answered_at": complaint["answered_at"],
        "ended_at": ticket["ended_at"],
        **{f"field: {name}": value for name, value in (ticket["fields"] or {}).items()},
    }
    needed = [(one["kind"], words["there"] if one["there"] else words["missing"]) for one in complaint["checklist"]]
    pieces = [(one["kind"], one.get("value") or one.get("name") or "", _where(one)) for one in complaint["evidence"]]
    money = [
        (
            one["kind"],
            f"{one['amount'] / 100:.2f} {complaint['currency']}",
            one["state"],
            one["proposed_by"]["name"],
            (one["decided_by"] or {}).get("name", ""),
            one["note"],
        )
        for one in complaint["remedies"]
    ]
    log = [(one["n"], one["at"], one["kind"], _person(one["actor"]), _told(one["body"])) for one in case["log"]]
    talk = [
        (one["at"], one["author"]["name"] or one["author"]["kind"], str(one["body"].get("text", "")))
        for one in case["transcript"]
    ]
    made = f"{case['tenant']}, {case['made_at']}"
    return "".join(
        [
            f'<!doctype html><html lang="{_cell(language)}"><head><meta charset="utf-8">',
            f"<title>{_cell(title)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{_cell(title)}</h1><p>{_cell(made)}</p>",
            _table(words["case"], [(name, value) for name, value in facts.items() if value not in (None, "")]),
            _table(words["evidence"], [*needed, *pieces]),
            _table(words["remedies"], money),
            _table(words["log"], log),
            _table(words["talk"], talk),
            "</body></html>",
        ]
    )


def _table(title: str, rows: Sequence[Sequence[Any]]) -> str:
    lines = ["<tr>" + "".join(f"<td><pre>{_cell(cell)}</pre></td>" for cell in row) + "</tr>" for row in rows]
    return f"<h2>{_cell(title)}</h2><table>{''.join(lines)}</table>"


def _cell(value: Any) -> str:
    return escape(str(value), quote=True)


def _where(evidence: Mapping[str, Any]) -> str:
    return f"{evidence['conversation']}, {evidence['seq']}" if evidence.get("seq") else ""


def _person(actor: Mapping[str, str]) -> str:
    return actor["name"] or actor["kind"]


def _told(body: Mapping[str, Any]) -> str:
    """A line's parts as one text."""
    return "; ".join(f"{name}: {value}" for name, value in body.items() if value not in (None, "", [], {}))
