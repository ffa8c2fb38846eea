"""What is known about a question from all that people did with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kb_index.learning.lessons import lessons
from kb_index.learning.model import Feedback, Kind, Lesson, Why

START = datetime(2026, 6, 1, 9, tzinfo=UTC)


def event(kind: Kind, number: int = 0, **more: Any) -> tuple[Feedback, None]:
    values: dict[str, Any] = {
        "tenant": "shop",
        "event": f"m_{number}",
        "conversation": "c_1",
        "at": START + timedelta(minutes=number),
        "question": 2,
        "text": "能开专票吗",
        "language": "zh",
    }
    return Feedback(kind=kind, **{**values, **more}), None


def one(*events: tuple[Feedback, None]) -> Lesson:
    (lesson,) = lessons(events)
    return lesson


ANSWERED = event(Kind.ASKED, action="answer", probability=0.9, shown=("invoice", "coupon"))
ABSTAINED = event(Kind.ASKED, action="abstain", probability=0.2, shown=("invoice",))
CLARIFIED = event(Kind.ASKED, action="clarify", probability=0.5, shown=("invoice", "coupon"))


@pytest.mark.parametrize(
    ("events", "why", "right", "wrong"),
    [
        ([ANSWERED], None, None, None),
        ([ABSTAINED], Why.ABSTAINED, None, None),
        ([CLARIFIED], Why.CLARIFIED, None, None),
        ([CLARIFIED, event(Kind.CHOSE, 1, article="coupon", right=True)], None, "coupon", None),
        ([ANSWERED, event(Kind.THUMB, 1, article="invoice", right=True)], None, "invoice", None),
        ([ANSWERED, event(Kind.THUMB, 1, article="invoice", right=False)], Why.THUMB_DOWN, None, "invoice"),
        ([ABSTAINED, event(Kind.HANDOFF, 1, reason="unsure")], Why.HANDED_OFF, None, None),
        ([ABSTAINED, event(Kind.HANDOFF, 1, reason="unhappy")], Why.ABSTAINED, None, None),
        ([ANSWERED, event(Kind.HANDOFF, 1, reason="asked")], None, None, None),
        ([ANSWERED, event(Kind.PICKED, 1, article="coupon", right=True)], Why.CORRECTED, "coupon", None),
        ([ANSWERED, event(Kind.PICKED, 1, article="invoice", right=True)], None, "invoice", None),
        ([event(Kind.ASKED, action="abstain", rule="nothing asked")], None, None, None),
        ([event(Kind.HANDOFF, 1, reason="bot_failed")], None, None, None),
    ],
)
def test_what_is_known(
    events: list[tuple[Feedback, None]], why: Why | None, right: str | None, wrong: str | None
) -> None:
    lesson = one(*events)
    assert (lesson.why, lesson.right, lesson.wrong) == (why, right, wrong)


def test_an_agents_pick_outranks_a_thumb_that_came_later() -> None:
    lesson = one(
        ANSWERED,
        event(Kind.PICKED, 1, article="coupon", right=True),
        event(Kind.THUMB, 2, article="invoice", right=True),
    )
    assert lesson.right == "coupon"


def test_a_thumb_that_was_turned_round_counts_as_it_is_now() -> None:
    down, up = (event(Kind.THUMB, n, article="invoice", right=n == 2) for n in (1, 2))
    assert (one(ANSWERED, down, up).right, one(ANSWERED, down, up).wrong) == ("invoice", None)


def test_the_resolution_brings_the_answer_and_how_it_ended() -> None:
    said = event(Kind.RESOLVED, 9, answer="可以开专票，请提供税号。", entry=7, agent="lin", wrap_up="solved")
    lesson = one(ABSTAINED, said)
    assert lesson.reply is not None
    assert (lesson.reply.text, lesson.reply.entry, lesson.wrap_up) == ("可以开专票，请提供税号。", 7, "solved")


def test_two_questions_of_a_conversation_are_two_lessons() -> None:
    found = list(lessons([ABSTAINED, event(Kind.ASKED, 5, question=6, text="几点下班", action="answer")]))
    assert [(lesson.question, lesson.text) for lesson in found] == [(2, "能开专票吗"), (6, "几点下班")]
