"""The demo tenant: a shop, its agents and a supervisor, for a first look and for development."""

from __future__ import annotations

from typing import Any

import structlog

from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent, Role, Status
from handoff_service.agents.sign_in import hash_password
from handoff_service.bell import Bell
from handoff_service.database import Transaction, open_database
from handoff_service.ids import new_id, new_token
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant, TenantSettings

log = structlog.get_logger()

PEOPLE = (
    ("lin@lanyu.example", "林夕 Lin", Role.AGENT),
    ("maya@lanyu.example", "Maya", Role.AGENT),
    ("chen@lanyu.example", "陈主管 Chen", Role.SUPERVISOR),
    ("noor@lanyu.example", "Noor", Role.OWNER),  # also reviews what the supervisor has labelled
)

DEMO_DESK: dict[str, Any] = {
    "playbooks": [
        {
            "id": "refund",
            "zh": "退款",
            "en": "Refund",
            "cases": ["refund", "refund_request", "return_request"],
            "steps": [
                {"id": "order", "zh": "核对订单与金额", "en": "Check the order and the amount"},
                {
                    "id": "reason",
                    "zh": "问清退款原因，需要时请客户发照片",
                    "en": "Ask for the reason, and pictures if needed",
                },
                {"id": "rule", "zh": "说明退款规则与到账时间", "en": "Explain the rule and when the money arrives"},
                {"id": "booked", "zh": "提交退款并告知编号", "en": "Book the refund and give its number"},
            ],
        },
        {
            "id": "complaint",
            "zh": "投诉",
            "en": "Complaint",
            "cases": ["complaint", "senior"],
            "steps": [
                {"id": "sorry", "zh": "先道歉，不辩解", "en": "Apologise first, do not argue"},
                {
                    "id": "repeat",
                    "zh": "用自己的话复述问题并请客户确认",
                    "en": "Repeat the problem and let the customer confirm it",
                },
                {"id": "way", "zh": "给出处理办法和时间", "en": "Say what will be done, and by when"},
                {"id": "registered", "zh": "登记投诉并告知编号", "en": "Register the complaint and give its number"},
            ],
        },
    ],
    "reading": ["refund-timing", "how-to-return", "shipping-fees", "item-damaged"],
    "forbidden": [
        {"word": "不归我管", "instead": "我帮您找到负责的同事"},
        {"word": "not my job", "instead": "let me find who can help you"},
        {"word": "全网最低价", "action": "warn"},
    ],
}


# What `/` finds in the demo's composer.
DEMO_REPLIES = [
    {
        "id": "hello",
        "title": "问候 Greeting",
        "zh": "您好，我是{shop}的{agent}，前面的对话我都看到了，马上帮您处理。",
        "en": "Hello, this is {agent} of {shop}. I have read what you wrote and will help you now.",
    },
    {
        "id": "order_number",
        "title": "请发订单号 Order number",
        "zh": "请把订单号发给我（在“我的订单”里，以 LY 开头），我马上查。",
        "en": "Please send me the order number (under “My orders”, it begins with LY) and I will look it up.",
    },
    {
        "id": "moment",
        "title": "请稍等 One moment",
        "zh": "我需要几分钟核实一下，查到后第一时间告诉您。",
        "en": "I need a few minutes to check this and will tell you as soon as I know.",
    },
    {
        "id": "goodbye",
        "title": "结束语 Goodbye",
        "zh": "还有其他问题随时找我们，祝您生活愉快！",
        "en": "Write to us whenever there is anything else. Have a good day!",
    },
]
DEMO_TAGS = [
    {"id": "refund", "zh": "退款", "en": "Refund"},
    {"id": "delivery", "zh": "物流", "en": "Delivery"},
    {"id": "vip", "zh": "贵宾", "en": "VIP"},
]


def demo_settings(shop_url: str, **more: Any) -> TenantSettings:
    """What the demo shop is configured to; `more`: further parts of it."""
    return TenantSettings.model_validate(
        {
            "name": {"zh": "蓝屿商城", "en": "Lanyu Mall"},
            "allowed_origins": [shop_url.rstrip("/")],
            "greeting": {
                "zh": "您好，我是蓝屿商城的智能助手，订单、退款、钱包的问题都可以问我，也可以随时转人工。",
                "en": "Hello, I am Lanyu Mall's assistant. Ask me about orders, refunds or your wallet, "
                "or talk to a person at any time.",
            },
            "suggestions": {
                "zh": ["多久能退款？", "我的订单到哪了", "怎么修改收货地址"],
                "en": ["How long does a refund take?", "Where is my order?", "How do I change my delivery address?"],
            },
            "widget": {
                "articles": ["refund-timing", "check-order-status", "change-delivery-address"],
                "welcome": [
                    {
                        "text": {
                            "zh": "您好，想查哪笔订单？发订单号给我，物流、改地址、退款都可以帮您看。",
                            "en": "Hello, which order is it about? Send me its number: delivery, address, refund.",
                        },
                        "suggestions": {
                            "zh": ["我的订单到哪了", "怎么修改收货地址", "我要退款"],
                            "en": ["Where is my order?", "How do I change my delivery address?", "I want a refund"],
                        },
                        "page": "/orders",
                    },
                ],
            },
            "desk": DEMO_DESK,
            "queues": [
                {"id": "support", "name": "客户服务 Support"},
                {"id": "senior", "name": "高级客服 Senior", "mode": "offer", "tier": 2},
            ],
            "wrap_up_codes": [
                {"id": "solved", "zh": "已解决", "en": "Solved"},
                {"id": "refund", "zh": "已安排退款", "en": "Refund arranged"},
                {"id": "follow_up", "zh": "需后续跟进", "en": "Follow-up needed"},
                {"id": "no_answer", "zh": "客户未回复", "en": "Customer did not answer"},
                {"id": "spam", "zh": "无效会话", "en": "Spam", "survey": False},
            ],
            **more,
        }
    )


async def seed_demo(settings: Settings) -> dict[str, Any]:
    """Makes the demo tenant and its people if they are missing; returns the logins that were drawn just now."""
    database = open_database(settings.database, Bell())
    try:
        at_hand = demo_settings(settings.shop_url, canned_replies=DEMO_REPLIES, tags=DEMO_TAGS)
        tenant = Tenant(id="demo", name="蓝屿商城 Lanyu Mall", settings=at_hand)
        await database.write(lambda tx: tenants.save(tx.connection, tenant))
        known = {agent.email for agent in await database.read(lambda c: agents.everyone(c, "demo"))}
        logins = []
        for email, name, role in PEOPLE:
            if email not in known:
                password = new_token()[:16]
                await database.write(lambda tx, e=email, n=name, r=role, p=password: _add(tx, e, n, r, p))  # type: ignore[misc]
                logins.append({"email": email, "password": password, "role": role, "name": name})
    finally:
        await database.close()
    return {"agents": logins}


def _add(tx: Transaction, email: str, name: str, role: Role, password: str) -> None:
    agent = Agent(
        tenant="demo",
        id=new_id("a"),
        email=email,
        name=name,
        role=role,
        languages=("zh", "en"),
        queues=("support", "senior"),
        capacity=5,
        open=0,
        status=Status.OFFLINE,
        disabled=False,
        seen_at=None,
        last_assigned_at=None,
    )
    agents.save(tx.connection, agent, hash_password(password))
