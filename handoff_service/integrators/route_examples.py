"""What the routes of administration, tickets and channels are sent and answer, for /openapi.json.

A test asks each of them and compares the names in these answers with those in the real ones.
"""

from __future__ import annotations

from typing import Any

from handoff_service.integrators.example_records import AGENT, AUDITED, TICKET

# By the route: what is sent, if anything, and the answer.
EXAMPLES: dict[str, tuple[dict[str, Any] | None, dict[str, Any]]] = {
    "GET /v1/admin/roles": (
        None,
        {
            "roles": {
                "agent": ["complaints.read", "complaints.work", "conversations.answer"],
                "expert": ["canned.write", "complaints.read", "complaints.work"],
                "supervisor": ["agents.read", "bot.train", "canned.write"],
                "analyst": ["agents.read", "reports.read", "settings.read"],
                "trainer": ["agents.read", "bot.train", "canned.write"],
                "admin": ["agents.manage", "agents.read", "audit.read"],
                "owner": ["admins.manage", "agents.manage", "agents.read"],
            }
        },
    ),
    "POST /v1/admin/agents": (
        {"email": "ming@shop.example", "name": "小明", "role": "agent", "queues": ["support"], "capacity": 5},
        {**AGENT, "capacity": 5, "password": "shown-this-once-1"},
    ),
    "POST /v1/admin/agents/{agent_id}": ({"capacity": 8}, AGENT),
    "POST /v1/admin/agents/{agent_id}/disable": (None, {**AGENT, "disabled": True}),
    "POST /v1/admin/agents/{agent_id}/enable": (None, AGENT),
    "POST /v1/admin/agents/{agent_id}/reset-password": (
        None,
        {"id": "a_01jd3v8x2m7q5r9t1w4y6z8a0b", "password": "shown-this-once-1"},
    ),
    "GET /v1/admin/audit": (None, {"rows": [AUDITED]}),
    "POST /v1/admin/agents/{agent_id}/sign-out": (None, {"id": "a_01jd3v8x2m7q5r9t1w4y6z8a0b", "ended": 0}),
    "GET /v1/admin/agents": (
        None,
        {
            "agents": [
                {
                    **AGENT,
                    "id": "a_01jc9p2q4r6s8t0v1w3x5y7z9a",
                    "email": "noor@shop.example",
                    "name": "Owner",
                    "role": "owner",
                    "queues": ["support", "senior"],
                    "capacity": 5,
                    "status": "online",
                }
            ]
        },
    ),
    "POST /v1/admin/lists/{name}/{item}": (
        {"zh": "重要客户", "en": "VIP"},
        {"id": "vip", "zh": "重要客户", "en": "VIP"},
    ),
    "GET /v1/admin/lists/{name}": (None, {"items": [{"id": "vip", "zh": "重要客户", "en": "VIP"}]}),
    "POST /v1/admin/lists/{name}/{item}/remove": (None, {"removed": "vip"}),
    "GET /v1/admin/config": (
        None,
        {
            "yaml": "tenant: demo\nlanguages:\n  - zh\n  - en\ntimezone: Asia/Shanghai\nqueues:\n  - id: support\n"
            "    name: 客户服务 Support\n    mode: claim\n",
            "document": {"tenant": "demo", "timezone": "Asia/Shanghai"},
            "usual": {"complaints": {"answer_hours": 48}, "tone": {"says": {}}},
            "version": "86456e25203e6da0",
        },
    ),
    "POST /v1/admin/config/check": (
        {"yaml": "tickets:\n  reopen_days: 7\n"},
        {
            "version": "86456e25203e6da0",
            "changes": [{"sign": "~", "where": "tickets.reopen_days", "before": 14, "after": 7}],
            "warnings": [],
        },
    ),
    "POST /v1/admin/config/apply": (
        {"yaml": "tickets:\n  reopen_days: 7\n"},
        {
            "version": "86456e25203e6da0",
            "changes": [{"sign": "~", "where": "tickets.reopen_days", "before": 14, "after": 7}],
            "warnings": [],
        },
    ),
    "POST /v1/admin/webhooks": (
        {"url": "https://crm.shop.example/tandem", "events": ["conversation.closed"], "description": "CRM"},
        {"id": "wh_01jd3v8x2m7q5r9t1w4y6z8a0b", "secret": "whsec_c2hvd24gdGhpcyBvbmNl"},
    ),
    "POST /v1/admin/webhooks/{webhook_id}": (
        {"disabled": True},
        {"id": "wh_01jd3v8x2m7q5r9t1w4y6z8a0b", "disabled": True},
    ),
    "POST /v1/admin/webhooks/{webhook_id}/test": (None, {"message": "msg_01jd3v8x2m7q5r9t1w4y6z8a0b"}),
    "POST /v1/admin/webhooks/{webhook_id}/rotate": (
        None,
        {"id": "wh_01jd3v8x2m7q5r9t1w4y6z8a0b", "secret": "whsec_c2hvd24gdGhpcyBvbmNl"},
    ),
    "POST /v1/admin/webhooks/{webhook_id}/finish-rotation": (None, {"id": "wh_01jd3v8x2m7q5r9t1w4y6z8a0b"}),
    "POST /v1/admin/webhooks/{webhook_id}/replay": (None, {"replayed": 0}),
    "GET /v1/admin/webhooks": (
        None,
        {
            "webhooks": [
                {
                    "tenant": "demo",
                    "id": "wh_01jd3v8x2m7q5r9t1w4y6z8a0b",
                    "url": "https://crm.shop.example/tandem",
                    "description": "CRM",
                    "events": ["conversation.closed"],
                    "disabled": True,
                    "created_at": "2026-11-22T02:14:05.120Z",
                    "waiting": 1,
                    "sent": 0,
                    "dead": 0,
                    "secrets": 1,
                    "delivered_at": None,
                    "last_error": {
                        "message": "msg_01jd3v8x2m7q5r9t1w4y6z8a0b",
                        "error": "crm.shop.example answered 500",
                        "at": "2026-11-22T02:14:05.120Z",
                    },
                }
            ],
            "events": ["conversation.opened", "conversation.closed"],
        },
    ),
    "GET /v1/admin/webhooks/messages": (
        None,
        {
            "messages": [
                {
                    "id": "msg_01jd3v8x2m7q5r9t1w4y6z8a0b",
                    "webhook": "wh_01jd3v8x2m7q5r9t1w4y6z8a0b",
                    "subject": "wh_01jd3v8x2m7q5r9t1w4y6z8a0b",
                    "event": "webhook.test",
                    "state": "waiting",
                    "attempts": 0,
                    "error": None,
                    "body": {
                        "type": "webhook.test",
                        "timestamp": "2026-11-22T02:14:05.120Z",
                        "data": {"webhook": "wh_01jd3v8x2m7q5r9t1w4y6z8a0b"},
                    },
                    "created_at": "2026-11-22T02:14:05.120Z",
                    "next_at": "2026-11-22T02:14:05.120Z",
                    "ended_at": None,
                    "under_way": False,
                }
            ],
            "cursor": None,
        },
    ),
    "GET /v1/admin/webhooks/messages/{message_id}": (
        None,
        {
            "id": "msg_01jd3v8x2m7q5r9t1w4y6z8a0b",
            "webhook": "wh_01jd3v8x2m7q5r9t1w4y6z8a0b",
            "subject": "wh_01jd3v8x2m7q5r9t1w4y6z8a0b",
            "event": "webhook.test",
            "state": "waiting",
            "attempts": 0,
            "error": None,
            "body": {
                "type": "webhook.test",
                "timestamp": "2026-11-22T02:14:05.120Z",
                "data": {"webhook": "wh_01jd3v8x2m7q5r9t1w4y6z8a0b"},
            },
            "created_at": "2026-11-22T02:14:05.120Z",
            "next_at": "2026-11-22T02:14:05.120Z",
            "ended_at": None,
            "under_way": False,
            "log": [],
        },
    ),
    "POST /v1/admin/webhooks/messages/{message_id}/replay": (None, {"replayed": 0}),
    "POST /v1/admin/webhooks/{webhook_id}/remove": (None, {"removed": "wh_01jd3v8x2m7q5r9t1w4y6z8a0b"}),
    "POST /v1/admin/api-keys": (
        {"name": "crm", "permissions": ["tickets.read"]},
        {
            "id": "key_01jd3v8x2m7q5r9t1w4y6z8a0b",
            "name": "crm",
            "created_by": "agent:a_01jc9p2q4r6s8t0v1w3x5y7z9a",
            "permissions": ["tickets.read"],
            "created_at": "2026-11-22T02:14:05.120Z",
            "last_used_at": None,
            "revoked_at": None,
            "key": "tdm.demo.shown-this-once",
        },
    ),
    "POST /v1/admin/api-keys/{key_id}/rotate": (
        None,
        {
            "id": "key_01jd3v8x2m7q5r9t1w4y6z8a0b",
            "name": "crm",
            "created_by": "agent:a_01jc9p2q4r6s8t0v1w3x5y7z9a",
            "permissions": ["tickets.read"],
            "created_at": "2026-11-22T02:14:05.120Z",
            "last_used_at": None,
            "revoked_at": None,
            "key": "tdm.demo.shown-this-once",
        },
    ),
    "POST /v1/admin/api-keys/{key_id}/revoke": (
        None,
        {
            "id": "key_01jd3v8x2m7q5r9t1w4y6z8a0b",
            "name": "crm",
            "created_by": "agent:a_01jc9p2q4r6s8t0v1w3x5y7z9a",
            "permissions": ["tickets.read"],
            "created_at": "2026-11-22T02:14:05.120Z",
            "last_used_at": None,
            "revoked_at": "2026-11-22T02:14:05.120Z",
        },
    ),
    "GET /v1/admin/api-keys": (
        None,
        {
            "keys": [
                {
                    "id": "key_01jd3v8x2m7q5r9t1w4y6z8a0b",
                    "name": "crm",
                    "created_by": "agent:a_01jc9p2q4r6s8t0v1w3x5y7z9a",
                    "permissions": ["tickets.read"],
                    "created_at": "2026-11-22T02:14:05.120Z",
                    "last_used_at": None,
                    "revoked_at": "2026-11-22T02:14:05.120Z",
                }
            ],
            "permissions": ["conversations.read", "tickets.read"],
        },
    ),
    "POST /v1/channels/accounts": (
        {"channel": "telegram", "name": "Shop bot", "fields": {"token": "123456:AAH_not-a-real-token-at-all"}},
        {
            "account": "acc_01jd3v8x2m7q5r9t1w4y6z8a0b",
            "webhook": "https://chat.shop.example/v1/channels/demo/acc_01jd3v8x2m7q5r9t1w4y6z8a0b/webhook",
            "webhook_secret": "shown-this-once",
        },
    ),
    "POST /v1/channels/accounts/{account_id}": (
        {"name": "Bot", "disabled": True},
        {"account": "acc_01jd3v8x2m7q5r9t1w4y6z8a0b", "name": "Bot", "disabled": True, "options": {}},
    ),
    "POST /v1/channels/accounts/{account_id}/rotate": (
        {},
        {"account": "acc_01jd3v8x2m7q5r9t1w4y6z8a0b", "webhook_secret": "shown-this-once"},
    ),
    "POST /v1/channels/accounts/{account_id}/finish-rotation": (None, {"account": "acc_01jd3v8x2m7q5r9t1w4y6z8a0b"}),
    "POST /v1/channels/accounts/{account_id}/examine": (
        None,
        {
            "account": "acc_01jd3v8x2m7q5r9t1w4y6z8a0b",
            "findings": [
                {
                    "level": "wrong",
                    "about": "account",
                    "words": "The account is switched off; `enable` it.",
                    "zh": "账号已停用，请先启用。",
                }
            ],
        },
    ),
    "GET /v1/channels/accounts": (
        None,
        {
            "accounts": [
                {
                    "id": "acc_01jd3v8x2m7q5r9t1w4y6z8a0b",
                    "channel": "telegram",
                    "name": "Bot",
                    "disabled": True,
                    "options": {},
                    "secrets": {"token": 1, "webhook_secret": 1},
                    "webhook": "https://chat.shop.example/v1/channels/demo/acc_01jd3v8x2m7q5r9t1w4y6z8a0b/webhook",
                    "health": {
                        "last_event_at": None,
                        "last_error": None,
                        "last_error_at": None,
                        "token_until": None,
                        "refresh_until": None,
                        "refresh_is_last": False,
                        "examined_at": "2026-11-22T02:14:05.120Z",
                        "findings": [
                            {
                                "level": "wrong",
                                "about": "account",
                                "words": "The account is switched off; `enable` it.",
                                "zh": "账号已停用，请先启用。",
                            }
                        ],
                    },
                    "created_at": "2026-11-22T02:14:05.120Z",
                }
            ]
        },
    ),
    "GET /v1/admin/channels": (
        None,
        {
            "channels": [
                {
                    "id": "acc_01jd3v8x2m7q5r9t1w4y6z8a0b",
                    "channel": "telegram",
                    "name": "Bot",
                    "disabled": True,
                    "last_error": None,
                    "last_event_at": None,
                }
            ]
        },
    ),
    "GET /v1/channels/kinds": (
        None,
        {
            "kinds": {
                "api": {
                    "platform": "Signed API",
                    "fields": {
                        "url": "where messages to customers are posted to",
                        "secret": "signs both directions (secret, made by Tandem when not given)",
                    },
                    "servers": {"url": ["secret"]},
                    "token_ends": False,
                }
            }
        },
    ),
    "POST /v1/public-mentions": (
        {
            "mentions": [
                {
                    "platform": "weibo",
                    "id": "5012",
                    "author": "2489518277",
                    "author_name": "小王",
                    "text": "@蓝鱼 三天没发货",
                    "url": "https://m.weibo.cn/status/5012",
                    "time": "2026-11-22T09:30:00+08:00",
                }
            ]
        },
        {"taken": 1, "skipped": 0, "refused": []},
    ),
    "GET /v1/tickets": (None, {"tickets": [TICKET], "next": None}),
    "GET /v1/tickets/{ticket_id}": (
        None,
        {
            "ticket": TICKET,
            "contact": {"id": "k_01jd3v8x2m7q5r9t1w4y6z8a0b", "name": "王先生"},
            "log": [
                {
                    "n": 1,
                    "kind": "opened",
                    "audience": "internal",
                    "body": {"from": None, "to": "open", "source": "hand", "agent": None},
                    "at": "2026-11-22T02:14:05.120Z",
                    "actor": {"kind": "agent", "id": "a_01jc9p2q4r6s8t0v1w3x5y7z9a", "name": "Owner"},
                }
            ],
            "conversations": ["c_01jd3v8x2m7q5r9t1w4y6z8a0b"],
            "files": [],
            "merged": [],
            "asked": "T261122-004217",
        },
    ),
    "POST /v1/admin/lent-agents": (
        {"agent": "a_01jc9p2q4r6s8t0v1w3x5y7z9a", "role": "agent", "queues": ["support"], "capacity": 5},
        {**AGENT, "lent_by": "agency"},
    ),
}
