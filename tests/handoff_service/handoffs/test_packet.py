"""Facts and packet: extractive only. Every line points to entries that say it, and nothing is invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff_service.calls.model import Pace
from handoff_service.conversations.model import BOT, SYSTEM, Audience, Author, AuthorKind, Entry, Kind, OwnerKind
from handoff_service.handoffs.facts import facts_in
from handoff_service.handoffs.packet import build_packet
from handoff_service.handoffs.receipt import Move, Times, build_receipt
from handoff_service.promises.detect import promises_in
from tests.handoff_service.stage import MONDAY, waiting_handoff

CUSTOMER = Author(AuthorKind.CUSTOMER, "k_1", "Visitor")
AGENT = Author(AuthorKind.AGENT, "a_lin", "Lin")


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("我的订单LY20261103001还没到", [("order_number", "LY20261103001")]),
        ("订单号:ly20261103001,手机13812345678", [("order_number", "ly20261103001"), ("phone", "13812345678")]),
        ("my order LY13812345678901", [("order_number", "LY13812345678901")]),
        ("call me at +86 13812345678", [("phone", "+86 13812345678")]),
        ("card 6222021381234567890", []),
        ("write to wei.li+shop@example.co.uk please", [("email", "wei.li+shop@example.co.uk")]),
        ("退款299.50元", [("amount", "299.50元")]),
        ("you took ¥1,299.00 and $5", [("amount", "¥1,299.00"), ("amount", "$5")]),
        ("11月3日付的款,昨天收到", [("date", "11月3日"), ("date", "昨天")]),
        ("paid on 2026-11-03", [("date", "2026-11-03")]),
        ("since Nov 3 and yesterday", [("date", "Nov 3"), ("date", "yesterday")]),
        ("on 3rd November", [("date", "3rd November")]),
        ("Maybe 10 days, Market 5 or Decide 3", []),
        ("buy 10/30, 45 quid two weeks ago", [("amount", "45 quid"), ("date", "10/30"), ("date", "two weeks ago")]),
        (
            "运单 773312345678901，0044 7700 900123",
            [("tracking_number", "773312345678901"), ("phone", "0044 7700 900123")],
        ),
        ("deliver to 5 Elm Grove, Leeds instead", [("address", "5 Elm Grove, Leeds")]),
        ("寄到杭州市西湖区文三路100号3幢502室", [("address", "寄到杭州市西湖区文三路100号3幢502室")]),
        ("ring 07700 912345 or (212) 555-0199", [("phone", "07700 912345"), ("phone", "(212) 555-0199")]),
        ("手機0922-118-376", [("phone", "0922-118-376")]),
        ("寄新北市板橋區文化路一段88號5樓，謝謝", [("address", "寄新北市板橋區文化路一段88號5樓")]),
        ("to 9 Oak Avenue, Austin TX 73301 now", [("address", "9 Oak Avenue, Austin TX 73301")]),
        ("Flat 2, 9 Rose Row, Leeds LS1 4AB please", [("address", "Flat 2, 9 Rose Row, Leeds LS1 4AB")]),
        ("付了89.5，又扣三百块", [("amount", "89.5"), ("amount", "三百块")]),
        ("paid 45.50, of 1,300.00, version 2.10, charged 3 times", [("amount", "45.50"), ("amount", "1,300.00")]),
        ("千万别寄，十万火急，3号楼，5号电池，付3天", []),
        ("12号下的单，12月1号上午十点半来", [("date", "12号"), ("date", "12月1号上午十点半")]),
        ("since this morning at 8:15", [("date", "this morning at 8:15")]),
        (
            "LY 20261103001 by RB987654321CN",
            [("order_number", "LY 20261103001"), ("tracking_number", "RB987654321CN")],
        ),
        ("hello", []),
        ("", []),
    ],
)
def test_facts_are_found_as_the_customer_wrote_them(text: str, facts: list[tuple[str, str]]) -> None:
    assert list(facts_in(text)) == facts


@pytest.mark.parametrize(
    ("text", "promised"),
    [
        ("我帮您反馈给物流部门", True),
        ("我請同事稍後聯繫您", True),
        ("电子票会在两个工作日内发送", True),
        ("稍后会有客服给您回电", True),
        ("请您联系物流公司", False),
        ("我帮您转接人工客服", False),
        ("一般会在三个工作日内到账", False),
        ("A specialist will call you tomorrow.", True),
        ("You will hear from us soon.", True),
        ("The receipt will be sent within two days.", True),
        ("I've forwarded this to billing.", True),
        ("I have opened the page.", False),
        ("I'll connect you with an agent.", False),
        ("I'll transfer you now, and I'll email you the result.", True),
        ("You will need to log in.", False),
    ],
)
def test_what_a_bot_promises_for_itself_or_for_others(text: str, promised: bool) -> None:
    assert list(promises_in(text, by_person=False)) == [text] * promised


@pytest.mark.parametrize("text", ["I could try but I can't promise it.", "我不能保证今天到"])
def test_what_cannot_be_promised_is_no_promise(text: str) -> None:
    assert not any(list(promises_in(text, by_person=by)) for by in (True, False))


def test_an_order_number_is_never_also_a_phone_number() -> None:
    assert [kind for kind, _ in facts_in("LY13800138000")] == ["order_number"]


PIECES = st.sampled_from(
    [
        "LY20261103001",
        "13812345678",
        "+86 13812345678",
        "a@b.cn",
        "¥12.50",
        "300元",
        "昨天",
        "Nov 3",
        "退款",
        " ",
        "1",
        "@",
    ]
)


@given(st.text(max_size=60) | st.lists(PIECES | st.text(max_size=5), max_size=12).map("".join))
def test_every_fact_is_a_substring_of_the_text(text: str) -> None:
    found = list(facts_in(text))
    assert all(value and value in text for _, value in found)
    assert sum(len(value) for _, value in found) <= len(text), "facts do not overlap"


def line(seq: int, author: Author, text: str, **body: Any) -> Entry:
    return Entry(
        tenant="demo",
        conversation="c_1",
        seq=seq,
        mid=f"m_{seq}",
        kind=Kind.MESSAGE,
        audience=Audience.PUBLIC,
        author=author,
        body={"text": text, **body},
        client_id=None,
        epoch=1,
        turn=None,
        at=MONDAY,
    )


def hit(article: str, probability: float) -> dict[str, Any]:
    return {"article": article, "language": "en", "title": article.title(), "probability": probability}


def analysis(answers: int, action: str, probability: float, *hits: dict[str, Any]) -> dict[str, Any]:
    decision = {"action": action, "probability": probability, "threshold": 0.6, "rule": "probability<threshold"}
    return {"answers": answers, "decision": decision, "hits": list(hits), "mood": {"unhappy": 0.1}}


TIMELINE = [
    replace(line(1, SYSTEM, ""), kind=Kind.STATE, body={"event": "opened", "to": {"kind": "bot"}}),
    line(2, CUSTOMER, "My order ly20261103001 for ¥299 has not arrived"),
    line(3, BOT, "Usually three days.", kind="answer", sources=[hit("delivery-time", 0.7)],
         analysis=analysis(2, "answer", 0.7, hit("delivery-time", 0.7))),
    line(4, CUSTOMER, "Where exactly is LY20261103001 now?"),
    line(5, BOT, "I do not know.", kind="offer_human",
         analysis=analysis(4, "abstain", 0.31, hit("parcel-lost", 0.31), hit("delivery-time", 0.2))),
    line(6, CUSTOMER, "let me talk to a person"),
    line(7, BOT, "Of course.", kind="handoff", analysis={"answers": 6, "decision": None, "hits": [], "mood": None}),
    replace(line(8, BOT, ""), kind=Kind.STATE, body={"event": "asked", "to": {"kind": "queue"}}),
    line(9, CUSTOMER, "and refund me ¥500 on 2026-12-24"),
    line(10, BOT, "Later.", kind="answer", analysis=analysis(9, "answer", 0.99, hit("refund", 0.99))),
]  # fmt: skip
HANDOFF = waiting_handoff(
    1, requested_seq=8, evidence={"turn": "t_1", "asked_at": 6, "matched": "let me talk to a person", "long_wait": True}
)


def test_the_packet_tells_what_was_known_at_the_request() -> None:
    packet = build_packet(HANDOFF, TIMELINE)
    assert packet["goal"] == {"text": "Where exactly is LY20261103001 now?", "entries": [4]}
    assert packet["reason"] == {"text": "asked", "entries": [6]}
    assert packet["facts"] == [
        {"kind": "order_number", "value": "ly20261103001", "entries": [2, 4]},
        {"kind": "amount", "value": "¥299", "entries": [2]},
    ]
    assert [(one["article"], one["probability"], one["entries"]) for one in packet["tried"]] == [
        ("delivery-time", 0.7, [3, 5]),
        ("parcel-lost", 0.31, [5]),
    ]
    assert packet["evidence"] == [
        {"label": "matched", "value": "let me talk to a person", "entries": [6]},
        {"label": "action", "value": "abstain", "entries": [5]},
        {"label": "probability", "value": 0.31, "entries": [5]},
        {"label": "threshold", "value": 0.6, "entries": [5]},
        {"label": "rule", "value": "probability<threshold", "entries": [5]},
    ]
    assert packet["mood"] == [{"seq": 2, "unhappy": 0.1}, {"seq": 4, "unhappy": 0.1}]


def test_what_stands_in_no_entry_cites_none_and_what_the_bot_noted_cites_its_answer() -> None:
    """The confidence of an intent was shown as the customer's own words."""
    signal = {"signal": "asked", "rule": "asked for a human", "strength": 0.9731, "evidence": {"pressed": False}}
    told = {"answers": 6, "decision": None, "hits": [], "mood": None, "signals": [signal]}
    timeline = [*TIMELINE[:6], replace(TIMELINE[6], body={**TIMELINE[6].body, "analysis": told}), *TIMELINE[7:]]
    evidence = {
        "asked_at": 6,
        "rule": "asked for a human",
        "confidence": 0.9731,
        "threshold": 0.42,
        "matched": "Person",
    }
    cited = {
        line["label"]: line["entries"]
        for line in build_packet(replace(HANDOFF, evidence=evidence), timeline)["evidence"]
    }
    assert cited == {"rule": [7], "confidence": [7], "threshold": [], "matched": [6], "action": [5], "probability": [5]}


def test_later_entries_do_not_change_it() -> None:
    assert build_packet(HANDOFF, TIMELINE) == build_packet(HANDOFF, TIMELINE[:8])


def test_an_empty_timeline_makes_an_empty_packet() -> None:
    packet = build_packet(waiting_handoff(1, requested_seq=1), [])
    assert packet["goal"] == {"text": "", "entries": []}
    assert packet["facts"] == packet["tried"] == packet["mood"] == packet["evidence"] == []


def test_what_a_colleague_noted_or_said_is_not_the_customers_word() -> None:
    note = replace(line(2, AGENT, "his number is 13812345678"), audience=Audience.INTERNAL)
    packet = build_packet(waiting_handoff(1, requested_seq=9), [note, line(3, AGENT, "¥99 refunded")])
    assert packet["facts"] == []
    assert packet["goal"]["text"] == ""


talks = st.lists(
    st.tuples(st.sampled_from([CUSTOMER, BOT, AGENT]), st.lists(PIECES | st.text(max_size=6), max_size=5).map("".join)),
    max_size=15,
)


@given(talks, st.integers(0, 20))
def test_every_line_cites_entries_that_say_it(talk: list[tuple[Author, str]], requested: int) -> None:
    timeline, last_customer = [], 0
    for seq, (author, text) in enumerate(talk, 1):
        body: dict[str, Any] = {}
        if author is BOT and last_customer:
            body = {
                "kind": "answer",
                "analysis": analysis(last_customer, "answer", 0.5, hit(f"article-{seq % 3}", 0.5)),
            }
        if author is CUSTOMER:
            last_customer = seq
        timeline.append(line(seq, author, text, **body))
    by_seq = {entry.seq: entry for entry in timeline}
    packet = build_packet(waiting_handoff(1, requested_seq=requested), timeline)
    for fact in packet["facts"]:
        assert fact["entries"], "a fact without a source"
        for seq in fact["entries"]:
            assert seq <= requested
            assert by_seq[seq].author is CUSTOMER
            assert fact["value"].upper() in by_seq[seq].body["text"].upper()
        assert fact["value"] in by_seq[fact["entries"][0]].body["text"]
    for tried in packet["tried"]:
        assert tried["entries"]
        assert all(by_seq[seq].author is BOT and seq <= requested for seq in tried["entries"])
        for seq in tried["entries"]:
            assert tried["article"] in {one["article"] for one in by_seq[seq].body["analysis"]["hits"]}
    probabilities = [tried["probability"] for tried in packet["tried"]]
    assert probabilities == sorted(probabilities, reverse=True)
    goal = packet["goal"]
    assert all(by_seq[seq].body["text"] == goal["text"] for seq in goal["entries"])
    assert bool(goal["entries"]) == any(entry.author is CUSTOMER and entry.seq <= requested for entry in timeline)


def test_a_receipt_lists_only_what_happened() -> None:
    day = timedelta(days=1)
    times = Times(Pace(day, day, day), None, day)
    assert [one["stage"] for one in build_receipt(waiting_handoff(1, queued_at=None), [], {}, times)] == ["requested"]
    taken = waiting_handoff(1, accepted_at=MONDAY, accepted_by="a_maya", closed_at=MONDAY, wrap_up="solved")
    moves = [Move(OwnerKind.AGENT, name, "agent", name, MONDAY) for name in ("a_lin", "a_maya")]
    told = build_receipt(taken, moves, {"a_lin": "Lin", "a_maya": "Maya"}, times)
    assert [(one["stage"], one["by"]) for one in told] == [
        ("requested", "asked"),
        ("queued", ""),
        ("accepted", "Lin"),
        ("closed", "solved"),
    ]
