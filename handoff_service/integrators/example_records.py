"""The things in the examples of /openapi.json."""

from __future__ import annotations

AGENT = {
    "id": "a_01jd3v8x2m7q5r9t1w4y6z8a0b",
    "email": "ming@shop.example",
    "name": "小明",
    "role": "agent",
    "languages": ["zh", "en"],
    "queues": ["support"],
    "capacity": 8,
    "disabled": False,
    "open": 0,
    "status": "offline",
    "seen_at": None,
    "lent_by": None,
}
TICKET = {
    "id": "t_01jd3v8x2m7q5r9t1w4y6z8a0b",
    "number": "T261122-004217",
    "type": "refund",
    "subject": "退款没有到账",
    "state": "open",
    "priority": 3,
    "tier": 1,
    "source": "hand",
    "conversation": "c_01jd3v8x2m7q5r9t1w4y6z8a0b",
    "contact": "k_01jd3v8x2m7q5r9t1w4y6z8a0b",
    "queue": "support",
    "agent": None,
    "fields": None,
    "reply_to": "",
    "due_at": "2026-11-24T02:14:05.120Z",
    "created_at": "2026-11-22T02:14:05.120Z",
    "updated_at": "2026-11-22T02:14:05.120Z",
    "ended_at": None,
    "overdue": False,
    "follow_up": None,
    "about_agent": None,
    "merged_into": None,
}
AUDITED = {
    "n": 7,
    "at": "2026-11-22T02:14:05.120Z",
    "actor": "operator",
    "action": "signed_out_everywhere",
    "subject": "a_1",
    "detail": {"ended": 1},
}
