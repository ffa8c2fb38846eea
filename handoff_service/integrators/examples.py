"""The examples of /openapi.json: what integrators send and get, as it looks. A test compares them with real answers."""

from __future__ import annotations

from typing import Any

from handoff_service.webhooks.model import EventType

CONVERSATION = {
    "id": "c_01jd3v8x2m7q5r9t1w4y6z8a0b",
    "channel": "web",
    "contact": "v_01jd3v8w0c2e4g6h8j1k3m5n7p",
    "language": "zh",
    "owner": {"kind": "agent", "agent": "a_01jc9p2q4r6s8t0v1w3x5y7z9a", "queue": "support"},
    "last_seq": 7,
    "opened_at": "2026-11-22T02:14:05.120000Z",
    "updated_at": "2026-11-22T02:19:41.002000Z",
    "closed_at": None,
}
CURSOR = "WzE3OTUzMTM1ODEwMDIwMDAsICJjXzAxamQzdjh4Mm03cTVyOXQxdzR5Nno4YTBiIl0="
CONVERSATIONS = {"conversations": [CONVERSATION], "cursor": CURSOR, "more": False}
ENTRIES = {
    "entries": [
        {
            "seq": 1,
            "kind": "message",
            "audience": "public",
            "author": {"kind": "customer", "id": "v_01jd3v8w0c2e4g6h8j1k3m5n7p", "name": ""},
            "body": {"text": "我的订单到哪了"},
            "at": "2026-11-22T02:14:05.120000Z",
        }
    ],
    "cursor": 1,
    "more": True,
}
NOTE: dict[str, Any] = {"text": "CRM: gold customer since 2021, open claim 4711"}
NOTED = {"conversation": CONVERSATION["id"], "seq": 8}

_ABOUT = {"conversation": CONVERSATION["id"], "seq": 4, "channel": "web"}
EVENTS: dict[EventType, dict[str, Any]] = {
    EventType.CONVERSATION_OPENED: {**_ABOUT, "reopened": False},
    EventType.CONVERSATION_CLOSED: {**_ABOUT, "by": "close", "wrap_up": "solved"},
    EventType.HANDOFF_REQUESTED: {**_ABOUT, "reason": "asked", "queue": "support"},
    EventType.HANDOFF_ACCEPTED: {**_ABOUT, "agent": "a_01jc9p2q4r6s8t0v1w3x5y7z9a", "queue": "support", "by": "claim"},
    EventType.MESSAGE: {**_ABOUT, "author": {"kind": "customer", "id": "v_01jd3v8w0c2e4g6h8j1k3m5n7p"}},
    EventType.TICKET: {
        "ticket": "t_01jd3vb2c4e6g8h0j1k3m5n7p9",
        "number": "T261122-004217",
        "type": "complaint",
        "state": "open",
        "event": "opened",
    },
    EventType.SLA_BREACH: {
        "conversation": CONVERSATION["id"],
        "handoff": "h_01jd3vc0e2g4h6j8k1m3n5p7q9",
        "clock": "first_reply",
        "queue": "support",
        "channel": "web",
        "priority": 3,
        "started_at": "2026-11-22T02:14:05.120000Z",
        "due_at": "2026-11-22T02:19:05.120000Z",
    },
    EventType.LADDER_RUNG: {
        "conversation": CONVERSATION["id"],
        "handoff": "h_01jd3vc0e2g4h6j8k1m3n5p7q9",
        "queue": "support",
        "rung": "outside",
    },
    EventType.TEST: {"webhook": "wh_01jd3vd0e2g4h6j8k1m3n5p7q9"},
}


def of(answer: dict[str, Any], status: int = 200) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route with this example."""
    return {status: {"content": {"application/json": {"example": answer}}}}
