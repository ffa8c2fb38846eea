"""The contract *turn* (tests/contracts/turn.json) as this side writes and reads it: bounded and checked. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from handoff_service.bots.model import Answer, TurnRequest

MAX_TEXT = 4000
CUT = "\n…\n"
MAX_MESSAGES = 8
MAX_MESSAGE_CHARS = 8000
MAX_SIGNALS = 12
MAX_EVIDENCE_CHARS = 2000
MAX_FIELDS = 30
MAX_FILES = 20
MAX_ACCEPT_CHARS = 60
MAX_FIELD_CHARS = 2000
SIGNALS = ("asked", "unsure", "unhappy", "failed")
TICKETS = ("complaint", "callback")


def as_json(request: TurnRequest) -> dict[str, Any]:
    """The body of a request. A wish stands at the head or at the end, so a long text loses its middle."""
    return {
        "conversation": request.conversation,
        "phase": request.phase,
        "turn": request.turn,
        "text": _both_ends(request.text),
        "press": request.press,
        "metadata": {
            "tenant": request.tenant,
            "channel": request.channel,
            "language": request.language,
            "owner": request.owner,
            "orders": request.orders,
            "customer": request.customer if request.orders else None,
            "context": list(request.context),
            **_known(request),
        },
    }


def _both_ends(text: str) -> str:
    if len(text) <= MAX_TEXT:
        return text
    half = MAX_TEXT // 2
    return f"{text[: half - len(CUT)]}{CUT}{text[-half:]}"


def _known(request: TurnRequest) -> dict[str, Any]:
    """The optional part, without what there is nothing to say about."""
    found: dict[str, Any] = {
        "contact": request.contact,
        "hour": None if request.now is None else request.now.hour,
        "now": None if request.now is None else request.now.isoformat(timespec="seconds"),
        "returning": request.returning,
        "given_back": request.given_back,
        "files": [dict(file) for file in request.files] or None,
        "said": list(request.said) or None,
        "policy": request.policy or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def as_answer(raw: Any, turn: str) -> Answer:
    """The answer that came over the wire: nothing at all only when the bot says that it is quiet on purpose.

    Raises ValueError, KeyError, TypeError or AttributeError for what is none.
    """
    if raw["turn"] != turn:
        raise ValueError(f"the answer is for turn {raw['turn']!r}")
    messages = [_message(message) for message in raw["messages"][:MAX_MESSAGES]]
    if not messages and raw["handoff"] is None and raw.get("quiet") is not True:
        raise ValueError("no message and no handoff")
    handoff, understanding, nlu = raw["handoff"], raw.get("understanding"), raw.get("nlu") or {}
    if handoff is not None and not (
        isinstance(handoff["reason"], str)
        and isinstance(handoff.get("priority"), (int, type(None)))
        and isinstance(handoff.get("evidence") or {}, dict)
        and isinstance(handoff.get("queue"), (str, type(None)))
    ):
        raise ValueError("a handoff needs a reason, a whole priority, evidence by name and at most a queue's id")
    if not isinstance(nlu, dict) or not isinstance(understanding, (dict, type(None))):
        raise ValueError("nlu and understanding are objects")
    return Answer(
        messages,
        handoff,
        nlu,
        understanding,
        "rasa",
        signals=_signals(raw.get("signals")),
        ticket=_ticket(raw.get("ticket")),
        close=raw.get("close") is True,
        task=_task(raw),
    )


def _message(raw: Any) -> dict[str, Any]:
    text = raw["text"]
    if not isinstance(text, str) or not text.strip():
        raise ValueError("a message without text")
    message: dict[str, Any] = {"text": _plain(text, MAX_MESSAGE_CHARS), "kind": str(raw.get("kind", "answer"))}
    if raw.get("buttons"):
        message["buttons"] = [
            {"title": str(button["title"])[:200], "payload": str(button["payload"])} for button in raw["buttons"][:6]
        ]
    if raw.get("sources"):
        message["sources"] = [
            {key: source.get(key) for key in ("article", "language", "title", "probability")}
            for source in raw["sources"][:5]
        ]
    if _is_upload(raw.get("upload")):
        message["upload"] = {name: raw["upload"][name] for name in ("accept", "most", "max_bytes")}
    return message


def _is_upload(raw: Any) -> bool:
    """What a widget can offer; a slip in it costs the customer a button, not his answer."""
    return (
        isinstance(raw, dict)
        and isinstance(raw.get("accept"), str)
        and 1 <= len(raw["accept"]) <= MAX_ACCEPT_CHARS
        and type(raw.get("most")) is int
        and 1 <= raw["most"] <= MAX_FILES
        and type(raw.get("max_bytes")) is int
        and raw["max_bytes"] >= 1
    )


def _plain(text: str, most: int) -> str:
    """What every database holds: without NUL and halves of characters."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()[:most]


def _signals(raw: Any) -> list[dict[str, Any]]:
    """Those of the right form: a slip in what is only counted does not cost the customer his answer."""
    return [_signal(one) for one in raw[:MAX_SIGNALS] if _is_signal(one)] if isinstance(raw, list) else []


def _is_signal(raw: Any) -> bool:
    return (
        isinstance(raw, dict)
        and raw.get("signal") in SIGNALS
        and isinstance(raw.get("rule"), str)
        and isinstance(raw.get("strength"), int | float)
        and 0 <= raw["strength"] <= 1
    )


def _signal(raw: Mapping[str, Any]) -> dict[str, Any]:
    evidence = raw.get("evidence")
    small = isinstance(evidence, dict) and len(json.dumps(evidence, ensure_ascii=False)) <= MAX_EVIDENCE_CHARS
    return {
        "signal": raw["signal"],
        "rule": _plain(raw["rule"], 200),
        "strength": round(float(raw["strength"]), 4),
        "evidence": evidence if small else {},
    }


def _ticket(raw: Any) -> dict[str, Any] | None:
    """What is to be done after the conversation; a promise that cannot be read is no answer, so this raises."""
    if raw is None:
        return None
    if raw["type"] not in TICKETS or not isinstance(raw["summary"], str) or not raw["summary"].strip():
        raise ValueError("a ticket has a type and a summary")
    fields = {
        _plain(str(name), 100): _plain(str(value), MAX_FIELD_CHARS)
        for name, value in list(raw["fields"].items())[:MAX_FIELDS]
        if value is not None
    }
    files = [str(each) for each in list(raw.get("files") or ())[:MAX_FILES]]
    return {
        "type": raw["type"],
        "fields": fields,
        "summary": _plain(raw["summary"], MAX_FIELD_CHARS),
        **({"files": files} if files else {}),
    }


def _task(raw: Mapping[str, Any]) -> dict[str, Any] | None:
    """The form under way, by the task's name, and what it waits for."""
    if not isinstance(raw.get("active_loop"), str):
        return None
    slots = raw.get("slots")
    known = slots if isinstance(slots, dict) else {}
    name, wanted = known.get("task") or raw["active_loop"], known.get("requested_slot")
    return {"name": str(name)[:100], "wanted": None if wanted is None else str(wanted)[:100]}
