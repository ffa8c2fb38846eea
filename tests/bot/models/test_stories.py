"""Reading and judging stories; that they hold is for the gate and for the whole product to show."""

from pathlib import Path
from typing import Any

import pytest

from bot.models.stories import BadStory, Story, mistake, play, play_all, read_stories, running_task

BUTTON = {"title": "转人工", "payload": "/ask_human"}
SOURCE = {"article": "refund-timing", "language": "zh", "title": "退款", "probability": 0.9}


def answer(text: str = "好的", kind: str = "small_talk", **parts: Any) -> dict[str, Any]:
    message = {"text": text, "kind": kind, "buttons": parts.pop("buttons", []), "sources": parts.pop("sources", [])}
    return {"messages": [message], "handoff": None, "active_loop": None, "slots": {}, **parts}


@pytest.mark.parametrize(
    ("step", "given", "wrong"),
    [
        ({"kind": "small_talk"}, answer(), None),
        ({"kind": ["form", "small_talk"]}, answer(), None),
        ({"kind": "form"}, answer(), "none is form"),
        ({}, answer(handoff={"reason": "asked"}), "handed over for asked"),
        ({"handoff": "asked"}, answer(handoff={"reason": "asked"}), None),
        ({"handoff": "asked"}, answer(), "handed over for None"),
        ({"article": "refund-timing"}, answer(sources=[SOURCE]), None),
        ({"article": "other"}, answer(sources=[SOURCE]), "not with other"),
        ({"task": "order_status"}, answer(active_loop="task_form", slots={"task": "order_status"}), None),
        ({"task": None}, answer(active_loop="task_form", slots={"task": "order_status"}), "task is order_status"),
        ({"has": ["好"]}, answer(), None),
        ({"has": ["坏"]}, answer(), "is not in"),
        ({"lacks": ["好"]}, answer(), "is in"),
    ],
)  # fmt: skip
def test_a_step_is_judged(step: dict[str, Any], given: dict[str, Any], wrong: str | None) -> None:
    found = mistake(step, given)
    assert found is None if wrong is None else wrong in (found or "")


def test_the_form_names_the_task_where_no_slot_does() -> None:
    assert running_task(answer(active_loop="refund_form")) == "refund"
    assert running_task(answer()) is None


def test_buttons_are_pressed_by_their_payload_and_the_context_grows() -> None:
    bodies: list[Any] = []

    def ask(body: Any, _step: Any) -> dict[str, Any]:
        bodies.append(body)
        return answer("要转人工吗", buttons=[BUTTON])

    story = Story("s", "zh", "cus_1", None, ({"say": "你好"}, {"press": "转人工"}))
    assert play(story, ask) is None
    assert [body["press"] for body in bodies] == [None, "/ask_human"]
    assert bodies[1]["metadata"]["context"][-1] == {"author": "bot", "text": "要转人工吗"}
    assert bodies[0]["metadata"]["customer"]["verified"]
    assert len({body["conversation"] for body in bodies}) == 1
    assert len({body["turn"] for body in bodies}) == 2


def test_the_first_mistake_ends_a_story_and_is_told() -> None:
    stories = [
        Story("good", "zh", None, None, ({"say": "你好"},)),
        Story("bad", "zh", None, None, ({"say": "你好", "kind": "form"}, {"say": "never said"})),
        Story("no button", "en", None, None, ({"say": "hi"}, {"press": "gone"})),
        Story("elsewhere", "en", None, "shop", ({"say": "hi"},)),
    ]
    outcome = play_all(stories, lambda _body, _step: answer())
    assert (outcome.passed, outcome.skipped, outcome.played) == (["good"], ["elsewhere"], 3)
    assert "step 1" in outcome.failed["bad"]
    assert "no button 'gone'" in outcome.failed["no button"]
    assert play_all(stories[3:], lambda _body, _step: answer(), has=frozenset({"shop"})).passed == ["elsewhere"]


@pytest.mark.parametrize(
    "text",
    [
        "[", "- {story: a}", "- {story: a, language: fr, steps: [{say: x}]}", "- {story: a, language: zh, steps: []}",
        "- {story: a, language: zh, steps: [{}]}", "- {story: a, language: zh, steps: [{say: x, press: y}]}",
        "- {story: a, language: zh, steps: [{say: x, knid: form}]}", "- {stroy: a, language: zh, steps: [{say: x}]}",
    ],
)  # fmt: skip
def test_a_bad_story_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yml").write_text(text)
    with pytest.raises(BadStory, match=r"a\.yml"):
        read_stories(tmp_path)
