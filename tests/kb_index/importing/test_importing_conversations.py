"""Past conversations become drafts without the people in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kb_index.text.masking import mask
from tests.kb_index.importing.importing_desk import Desk, whys


def conversation(name: str, *said: tuple[str, str]) -> dict[str, Any]:
    """A conversation as the gateway exports it."""
    entries = [
        {
            "seq": seq,
            "mid": f"m{seq}",
            "kind": "message",
            "audience": "public",
            "author": {"kind": kind, "id": kind, "name": kind},
            "at": "2026-10-01T08:00:00.000Z",
            "body": {"text": text},
        }
        for seq, (kind, text) in enumerate(said, 1)
    ]
    return {"conversation": name, "channel": "web_widget", "language": "zh", "entries": entries, "tickets": []}


REFUND = conversation(
    "c1",
    ("customer", "你好"),
    ("bot", "您好，请问有什么可以帮您？"),
    ("customer", "我的订单号是 TB20261001123456，退款一直没有到账，手机 138 1234 5678"),
    ("agent", "您好，"),
    (
        "agent",
        "您好，退款审核通过以后三到五个工作日到账，查询进度可以发邮件到 wang.wei@mail.test，或拨打 400-820-6178。",
    ),
    ("customer", "谢谢"),
    ("agent", "不客气"),
    ("customer", "Can I still change the delivery address of my parcel?"),
    ("agent", "Yes, as long as the parcel has not been shipped you can change the address in the order."),
)


def test_what_an_agent_answered_becomes_a_draft_without_personal_data(desk: Desk) -> None:
    export = {"tenant": "demo", "made_at": "2026-10-02", "contact": {}, "conversations": [REFUND]}
    lines = [json.dumps(export, ensure_ascii=False), "{broken", json.dumps(conversation("c2", ("customer", "在吗")))]
    report = desk.run(desk.write("past.jsonl", "\n".join(lines)), code=1, options="--publish")
    articles = list(desk.articles().values())
    assert len(articles) == 2
    chinese = next(article for article in articles if article.language == "zh")
    assert chinese.title == "我的订单号是 [单号]，退款一直没有到账，手机 [电话]"
    assert chinese.answer.endswith("查询进度可以发邮件到 [邮箱]，或拨打 400-820-6178。"), (
        "a service number is no secret"
    )
    english = next(article for article in articles if article.language == "en")
    assert english.title == "Can I still change the delivery address of my parcel?"
    assert {article.state for article in articles} == {"draft"}, "what somebody said once is not published unread"
    assert "past.jsonl line 2: not JSON" in whys(report, "failed")
    assert "conversation c1 message 5" in "".join(outcome["where"] for outcome in report["outcomes"])
    for secret in ("TB2026", "138 1234", "wang.wei"):
        assert not any(secret in path.read_text() for path in desk.kb.rglob("*") if path.is_file())


def test_internal_notes_erased_messages_and_short_words_are_not_taken(desk: Desk) -> None:
    said = conversation(
        "c3", ("customer", "退货的运费由谁来承担"), ("agent", "质量问题由我们承担运费，其他情况由买家承担。")
    )
    note = {
        **said["entries"][1],
        "seq": 3,
        "audience": "internal",
        "body": {"text": "这位客户总是投诉，少退一点给他。"},
    }
    hidden = {"seq": 4, "kind": "hidden"}
    erased = {**said["entries"][1], "seq": 5, "body": {"text": "", "erased": True}}
    said["entries"] += [note, hidden, erased]
    short = conversation("c4", ("customer", "发票怎么开呢"), ("agent", "看订单页"))
    report = desk.run(desk.write("one.json", json.dumps([said, short])), code=1)
    assert report["counts"]["created"] == 0, "a list is not what the product exports"
    report = desk.run(desk.write("two.jsonl", f"{json.dumps(said)}\n{json.dumps(short)}\n"))
    (article,) = desk.articles().values()
    assert article.answer == "质量问题由我们承担运费，其他情况由买家承担。"
    assert "too short to be understood by itself" in whys(report, "skipped")


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("身份证 11010519491231002X", "zh", "身份证 [证件号]"),
        ("卡号6222 0202 0000 1234 567到账", "zh", "卡号[卡号]到账"),
        ("座机 010-62781234", "zh", "座机 [电话]"),
        ("电话+86 13800138000", "zh", "电话[电话]"),
        ("快递单号：SF1234567890123", "zh", "快递单号：[单号]"),
        ("寄到北京市海淀区中关村大街27号", "zh", "[地址]"),
        ("我叫王小明，想退货", "zh", "我叫[姓名]，想退货"),
        ("My name is John Smith, order #A-100-2345", "en", "My name is [name], order #[number]"),
        ("call me at (415) 555-2671", "en", "call me at [phone]"),
        ("满 200 减 30，7 天内有效，拨打 95588", "zh", "满 200 减 30，7 天内有效，拨打 95588"),
        ("2026-03-01 到 2026-12-31 有效", "zh", "2026-03-01 到 2026-12-31 有效"),
    ],
)
def test_masking(text: str, language: str, expected: str) -> None:
    assert mask(text, language=language)[0] == expected
