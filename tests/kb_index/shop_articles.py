"""A small knowledge base of an invented shop, written as files in the real format."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from kb_index.articles.model import Audience
from kb_index.reading.follow_up import Said
from kb_index.search.understand import Asked, Knowledge, Understanding
from kb_index.settings import Settings

DAY = date(2026, 6, 1)
"""A day on which most of the articles are valid."""

HEADER = """---
id: {id}
language: {language}
category: {category}
title: "{title}"
questions:
{questions}
audience: {audience}
owner: shop-team
valid_from: {valid_from}
review_by: 2030-01-01
{more}---
{answer}
"""

ZH = {
    "refund-timing": (
        "退款多久到账",
        ["多久能退款", "退款要等几天", "退的钱什么时候到我卡上", "退款怎么还没收到"],
        "仓库验收后两个工作日内退款，银行卡三天到账。",
    ),
    "refund-method": (
        "退款退到哪里",
        ["退款会退回哪个账户", "退的钱是原路返回吗", "退款能退到钱包吗", "退款退到微信还是银行卡"],
        "退款按原支付方式退回。",
    ),
    "change-address": (
        "怎么修改收货地址",
        ["下单后想改地址", "收货地址填错了怎么办", "能不能换个地方收货", "地址写错可以改吗"],
        "发货前在订单详情里点修改地址。",
    ),
    "forgot-password": (
        "忘记登录密码怎么办",
        ["密码忘了登不上去", "怎么重设登录密码", "想不起来密码了", "登录密码找回"],
        "在登录页点忘记密码，用短信验证码重设。",
    ),
    "invoice": (
        "怎么开发票",
        ["在哪里申请发票", "能开电子发票吗", "报销要用发票，怎么弄", "开票入口在哪"],
        "订单完成后在订单详情里申请电子发票。",
    ),
    "coupon": (
        "优惠券怎么用",
        ["下单时怎么用券", "优惠券在哪里选", "结算的时候用不了券", "一单能用几张优惠券"],
        "结算页选择优惠券，每单一张。",
    ),
}
EN = {
    "refund-timing": (
        "When will I get my refund?",
        [
            "how long does a refund take",
            "when does the money come back",
            "my refund has not arrived",
            "refund how many days",
        ],
        "We refund within two working days after inspection; cards take three days.",
    ),
    "refund-method": (
        "Where does my refund go?",
        [
            "which account is the refund paid to",
            "can my refund go to the wallet",
            "refund to card or wallet",
            "original payment",
        ],
        "Refunds go back to the original payment method.",
    ),
    "change-address": (
        "How do I change my delivery address?",
        [
            "wrong address on my order",
            "can I ship it somewhere else",
            "edit the shipping address",
            "I moved, new address",
        ],
        "Before dispatch, open the order and choose Change address.",
    ),
    "forgot-password": (
        "I forgot my password",
        ["how do I reset my password", "can't sign in, lost my password", "password recovery", "new sign-in password"],
        "Choose Forgot password on the sign-in page and use the text message code.",
    ),
    "invoice": (
        "How do I get an invoice?",
        [
            "where do I request an invoice",
            "I need a receipt for my company",
            "electronic invoice",
            "tax invoice please",
        ],
        "Request the electronic invoice in the order details after completion.",
    ),
    "coupon": (
        "How do I use a coupon?",
        [
            "apply a coupon at checkout",
            "where do I pick my voucher",
            "coupon cannot be used",
            "how many coupons per order",
        ],
        "Choose the coupon at checkout, one per order.",
    ),
}
BACKGROUND = """
今天天气怎么样
明天会下雨吗
推荐一部电影
帮我写一首诗
长城有多长
怎么做红烧肉
世界杯谁赢了
讲个笑话
附近有什么好吃的餐厅
怎么学好英语
感冒了吃什么药
从北京到上海的高铁几个小时
what is the weather like today
will it rain tomorrow
recommend a film for tonight
write me a poem about spring
how tall is mount everest
how do I cook fried rice
who won the world cup
tell me a joke
best restaurant near me
how can I learn french
what is the capital of australia
how far away is the moon
"""
MOOD = {
    True: [
        "你们太让人失望了，骗人的吧",
        "等了一个月没人理我，气死了",
        "什么破服务，再也不来了",
        "客服敷衍我好几天了",
        "你们到底管不管，太过分了",
        "垃圾平台，退钱",
        "this is ridiculous, nobody answers me",
        "worst service ever, I am furious",
        "you people keep lying to me",
        "I am sick of waiting, unacceptable",
        "are you even reading what I write",
        "what a terrible company",
    ],
    False: [
        "请问什么时候发货",
        "谢谢你的帮助",
        "好的我知道了",
        "我想转人工",
        "怎么投诉",
        "麻烦帮我看一下订单",
        "thank you very much",
        "could you check my order please",
        "I would like to talk to a person",
        "how do I file a complaint",
        "ok sounds good",
        "when will it ship",
    ],
}


def write_article(
    folder: Path,
    name: str,
    language: str,
    *,
    title: str,
    questions: list[str],
    answer: str,
    audience: str = "public",
    valid_from: str = "2026-01-01",
    more: str = "",
) -> Path:
    """Write one article file below a tenant's folder; `more` holds further front matter lines."""
    path = folder / language / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    listed = "\n".join(f'  - "{question}"' for question in questions)
    fields = {"id": name, "language": language, "title": title, "answer": answer, "audience": audience}
    path.write_text(
        HEADER.format(**fields, category="orders", questions=listed, valid_from=valid_from, more=more), "utf-8"
    )
    return path


def write_shop(folder: Path) -> None:
    """The tenant's articles in both languages, and one each that is special."""
    for language, articles in (("zh", ZH), ("en", EN)):
        for name, (title, questions, answer) in articles.items():
            write_article(folder, name, language, title=title, questions=questions, answer=answer)
    write_article(
        folder,
        "compensation-limits",
        "zh",
        title="赔付额度内部规定",
        questions=["客服最多能赔多少", "赔付上限是多少", "内部赔付标准"],
        answer="客服单次最多赔付五十元。",
        audience="agents",
    )
    write_article(
        folder,
        "spring-sale",
        "zh",
        title="春季大促活动时间",
        questions=["春季大促什么时候开始", "春促到几号", "春天的活动几点开抢"],
        answer="春季大促三月一日开始。",
        valid_from="2026-03-01",
        more="valid_to: 2026-03-31\n",
    )
    write_article(
        folder,
        "tax-refund-abroad",
        "en",
        title="Can I claim a customs tax refund abroad?",
        questions=["customs duty refund for export", "tax free shopping abroad", "vat back at the airport"],
        answer="Ask for the export form in the order details.",
    )


def write_texts(folder: Path) -> None:
    """Background questions and judged messages."""
    (folder / "background").mkdir(parents=True)
    (folder / "background" / "mixed.txt").write_text(BACKGROUND.strip() + "\n", "utf-8")
    (folder / "mood").mkdir()
    lines = [
        json.dumps({"text": text, "unhappy": unhappy}, ensure_ascii=False)
        for unhappy, texts in MOOD.items()
        for text in texts
    ]
    (folder / "mood" / "mixed.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


def shop_settings(folder: Path, **changes: object) -> Settings:
    """Settings over a folder that write_shop and write_texts filled; a second tenant is below other/."""
    values: dict[str, object] = {
        "TANDEM_VAR": folder / "var",
        "tenants": {"shop": folder / "kb", "other": folder / "other"},
        "background": folder / "background",
        "mood": folder / "mood",
        "evaluation": folder / "evaluation",
        "watch_seconds": 0.05,
        **changes,
    }
    return Settings.model_validate(values)


def quiet(_: str) -> None:
    """Progress that nobody watches."""


def ask(
    knowledge: Knowledge,
    text: str,
    *,
    tenant: str = "shop",
    audience: Audience = Audience.PUBLIC,
    language: str | None = None,
    earlier: tuple[str, ...] = (),
    day: date = DAY,
    limit: int = 20,
) -> Understanding:
    """Ask as a customer does."""
    said = tuple(Said("customer", each) for each in earlier)
    asked = Asked(text=text, tenant=tenant, audience=audience, language=language, earlier=said, limit=limit)
    return knowledge.understand(asked, day=day, default_language="zh", unhappy_threshold=0.55)
