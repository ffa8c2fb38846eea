"""What an entry of a timeline teaches: the question that it is about, and what was said of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handoff_service.conversations.model import (
    BOT,
    SYSTEM,
    Audience,
    Author,
    AuthorKind,
    Conversation,
    Entry,
    Kind,
    Owner,
    OwnerKind,
)
from handoff_service.knowledge.report import report

START = datetime(2026, 6, 1, 9, tzinfo=UTC)
ANNA, LIN = Author(AuthorKind.CUSTOMER, "v_anna", "Anna"), Author(AuthorKind.AGENT, "a_lin", "Lin")
DECISION = {"action": "answer", "probability": 0.9, "threshold": 0.7, "margin": 0.4, "rule": "probability>=threshold"}
CONVERSATION = Conversation(
    tenant="demo",
    id="c_1",
    channel="web_widget",
    contact="v_anna",
    language="zh",
    owner=Owner(OwnerKind.BOT),
    epoch=1,
    phase=1,
    last_seq=0,
    handoff=None,
    deadline_at=None,
    opened_at=START,
    updated_at=START,
    closed_at=None,
    preview="",
    mood=None,
    rated_seq=None,
    account=None,
)


class Timeline:
    """Entries one after the other; each method returns the number of the new one."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, kind: Kind, author: Author, body: dict[str, Any], **more: Any) -> int:
        seq = len(self.entries) + 1
        values: dict[str, Any] = {"audience": Audience.PUBLIC, "client_id": None, "epoch": 1, "turn": None, **more}
        values["at"] = START + timedelta(seconds=seq)
        place: dict[str, Any] = {"tenant": "demo", "conversation": "c_1", "seq": seq, "mid": f"m_{seq}"}
        self.entries.append(Entry(**place, kind=kind, author=author, body=body, **values))
        return seq

    def writes(self, text: str, **more: Any) -> int:
        return self.add(Kind.MESSAGE, ANNA, {"text": text, **more})

    def decides(self, answers: int, text: str = "…", **more: Any) -> int:
        decision = {**DECISION, **more.pop("decision", {})}
        hits = [{"article": "invoice", "language": "zh", "title": "发票", "probability": 0.9}, {"article": "coupon"}]
        analysis = {"answers": answers, "decision": decision, "generation": "g-1", "hits": hits, "reading": None}
        return self.add(Kind.MESSAGE, BOT, {"text": text, "analysis": {**analysis, **more.pop("analysis", {})}, **more})

    def replies(self, text: str, **more: Any) -> int:
        return self.add(Kind.MESSAGE, LIN, {"text": text, **more})

    def moves(self, event: str, to: OwnerKind, **more: Any) -> int:
        return self.add(Kind.STATE, SYSTEM, {"event": event, "from": "bot", "to": {"kind": to}, **more})

    def told(self, seq: int) -> dict[str, Any]:
        found = report(CONVERSATION, self.entries, seq)
        assert found is not None
        return found


@pytest.fixture
def timeline() -> Timeline:
    made = Timeline()
    made.moves("opened", OwnerKind.BOT)
    return made


def test_a_decision_tells_the_whole_question_and_all_its_figures(timeline: Timeline) -> None:
    timeline.writes("你好")
    asked = timeline.writes("能开专票吗")
    told = timeline.told(timeline.decides(asked))
    assert told == {
        "tenant": "demo",
        "event": "m_4",
        "conversation": "c_1",
        "at": "2026-06-01T09:00:04.000Z",
        "text": "你好\n能开专票吗",
        "language": "zh",
        "kind": "asked",
        "question": asked,
        "generation": "g-1",
        "shown": ["invoice", "coupon"],
        **DECISION,
    }


def test_a_follow_up_is_told_as_it_was_understood(timeline: Timeline) -> None:
    asked = timeline.writes("那运费呢")
    assert timeline.told(timeline.decides(asked, analysis={"reading": "退货的运费谁付"}))["text"] == "退货的运费谁付"


def test_a_choice_is_about_the_question_that_was_not_clear(timeline: Timeline) -> None:
    asked = timeline.writes("发票")
    choices = (("开票", "invoice"), ("券", "coupon"))
    buttons = [{"title": title, "payload": f'/choose_article{{"article": "{name}"}}'} for title, name in choices]
    clarified = timeline.decides(asked, buttons=buttons, decision={"action": "clarify"})
    press = timeline.writes("券", pressed={"seq": clarified, "index": 1})
    answer = timeline.add(Kind.MESSAGE, BOT, {"text": "…", "analysis": {"answers": press, "decision": None}})
    told = timeline.told(answer)
    assert (told["kind"], told["question"], told["text"]) == ("chose", asked, "发票")
    assert (told["article"], told["right"], told["action"]) == ("coupon", True, "clarify")


def test_another_button_teaches_nothing(timeline: Timeline) -> None:
    offered = timeline.decides(timeline.writes("发票"), buttons=[{"title": "Human", "payload": "/ask_human"}])
    press = timeline.writes("Human", pressed={"seq": offered, "index": 0})
    answer = timeline.add(Kind.MESSAGE, BOT, {"text": "…", "analysis": {"answers": press, "decision": None}})
    assert report(CONVERSATION, timeline.entries, answer) is None


@pytest.mark.parametrize(("value", "right"), [("up", True), ("down", False)])
def test_a_thumb_is_about_the_article_that_was_quoted(timeline: Timeline, value: str, *, right: bool) -> None:
    asked = timeline.writes("能开专票吗")
    answer = timeline.decides(asked, sources=[{"article": "invoice"}])
    told = timeline.told(timeline.add(Kind.FEEDBACK, ANNA, {"of": answer, "value": value, "comment": "过期了"}))
    assert (told["kind"], told["question"], told["article"], told["right"]) == ("thumb", asked, "invoice", right)
    assert told["reason"] == "过期了"


def test_a_thumb_on_words_of_no_article_judges_none(timeline: Timeline) -> None:
    answer = timeline.decides(timeline.writes("能开专票吗"), decision={"action": "abstain"})
    told = timeline.told(timeline.add(Kind.FEEDBACK, ANNA, {"of": answer, "value": "down"}))
    assert "article" not in told
    assert "right" not in told


def handed_over(timeline: Timeline) -> int:
    """The number of the question for which a person is asked now."""
    asked = timeline.writes("能开专票吗")
    timeline.decides(asked, decision={"action": "abstain"})
    greeting = timeline.writes("谢谢")
    timeline.decides(greeting, decision={"action": "abstain", "rule": "nothing asked"})
    return asked


def test_a_handoff_is_about_the_last_real_question(timeline: Timeline) -> None:
    asked = handed_over(timeline)
    told = timeline.told(timeline.moves("unsure", OwnerKind.QUEUE, handoff="h_1"))
    assert (told["kind"], told["question"], told["reason"]) == ("handoff", asked, "unsure")


def test_the_end_of_a_handoff_brings_all_that_the_agents_answered(timeline: Timeline) -> None:
    asked = handed_over(timeline)
    timeline.moves("unsure", OwnerKind.QUEUE, handoff="h_1")
    timeline.moves("accept", OwnerKind.AGENT)
    timeline.replies("可以开。")
    timeline.add(Kind.MESSAGE, LIN, {"text": "难缠的客户"}, audience=Audience.INTERNAL)
    last = timeline.replies("请提供税号。")
    told = timeline.told(timeline.moves("close", OwnerKind.CLOSED, wrap_up="solved"))
    assert (told["kind"], told["question"], told["wrap_up"]) == ("resolved", asked, "solved")
    assert (told["answer"], told["entry"], told["agent"]) == ("可以开。\n请提供税号。", last, "a_lin")


def test_a_change_of_owner_that_ends_nothing_teaches_nothing(timeline: Timeline) -> None:
    handed_over(timeline)
    timeline.moves("unsure", OwnerKind.QUEUE, handoff="h_1")
    assert report(CONVERSATION, timeline.entries, timeline.moves("accept", OwnerKind.AGENT)) is None


def test_a_pick_is_about_what_the_customer_asked_last(timeline: Timeline) -> None:
    asked = handed_over(timeline)
    timeline.moves("unsure", OwnerKind.QUEUE, handoff="h_1")
    article = {"id": "invoice", "language": "zh", "title": "发票"}
    first = timeline.told(timeline.replies("看这里", article=article))
    assert (first["kind"], first["question"], first["article"], first["answer"]) == (
        "picked",
        asked,
        "invoice",
        "看这里",
    )
    later = timeline.writes("优惠券怎么用")
    second = timeline.told(timeline.replies("看那里", article={**article, "id": "coupon"}))
    assert (second["question"], second["text"], second["article"]) == (later, "优惠券怎么用", "coupon")


def test_a_reply_without_an_article_teaches_only_at_the_end(timeline: Timeline) -> None:
    handed_over(timeline)
    assert report(CONVERSATION, timeline.entries, timeline.replies("稍等")) is None


def test_what_was_erased_is_not_told(timeline: Timeline) -> None:
    asked = timeline.writes("能开专票吗")
    answer = timeline.decides(asked)
    timeline.entries[answer - 1] = timeline.entries[answer - 1].__class__(
        **{**vars(timeline.entries[answer - 1]), "body": {"text": "", "erased": True}}
    )
    assert report(CONVERSATION, timeline.entries, answer) is None
