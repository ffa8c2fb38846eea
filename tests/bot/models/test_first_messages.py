"""How the figures of "handed over as unhappy" are counted, and what a threshold does to them."""

from bot.models.figures import Wanted
from bot.models.first_messages import BESIDE_NUMBER, SETS, SHORT, WITHIN_TASK, figures, report, within_task
from tests.bot.signals.test_signals import known, situation


def test_recall_precision_and_alarms() -> None:
    found = figures([(True, True)] * 3 + [(True, False)] + [(False, True)] + [(False, False)] * 3)
    assert (found.recall, found.precision, found.alarms) == (0.75, 0.75, 0.25)
    assert figures([]).recall == 0.0


def test_each_threshold_has_its_row_and_the_default_its_goal() -> None:
    lines = [
        (meant, situation("这件事你们到底还要让我等多久才肯处理", understanding=known("abstain", unhappy=mood)))
        for meant, mood in (
            (True, 0.9),
            (True, 0.55),
            (False, 0.1),
            (False, 0.21),  # this one asks, and not much is to be heard
        )
    ]
    text, held = report({"mood.jsonl": lines})
    rows = {row.split()[0]: row for row in text.splitlines()[1:]}
    assert held
    assert "recall, goal 0.90: reached; precision, goal 0.85: reached" in text
    assert "recall 1.000" in rows["0.20"]
    assert "calm ones handed over 50.0%" in rows["0.20"]
    assert "recall 0.500" in rows["0.70"]
    assert "calm ones handed over 0.0%" in rows["0.70"]


def test_a_missed_goal_is_said_and_only_what_was_lost_fails() -> None:
    upset = (True, situation("这件事你们到底还要让我等多久才肯处理", understanding=known("abstain", unhappy=0.9)))
    missed, calm = (True, situation("好的")), (False, situation("好的"))
    text, held = report({"mood.jsonl": [upset] * 17 + [missed] * 3 + [calm]})
    assert "recall, goal 0.90: NOT reached; precision, goal 0.85: reached" in text
    assert held
    text, held = report({"mood.jsonl": [upset] * 16 + [missed] * 4 + [calm]})
    assert "recall, goal 0.90: NOT reached, WORSE than" in text
    assert not held


def test_what_was_held_is_told_from_what_is_wanted() -> None:
    wanted = Wanted(0.9, floor=0.8)
    assert [wanted.held(each) for each in (0.79, 0.8, 0.9)] == [False, True, True]
    assert [wanted.verdict(each) for each in (0.79, 0.8, 0.9)] == [
        "goal 0.90: NOT reached, WORSE than the 0.8 that it held before",
        "goal 0.90: NOT reached",
        "goal 0.90: reached",
    ]


def test_every_set_is_guarded_by_recall_and_precision() -> None:
    """A floor of nothing would guard nothing."""
    assert all(0.75 < each.floor < 1 for wanted in {**SETS, **SHORT}.values() for each in wanted)


def test_few_words_within_a_task_and_beside_a_number_are_guarded_too() -> None:
    """A guard that took their mood for a misreading was seen by no figure."""
    upset = known("abstain", unhappy=0.99, evidence=("wording:0.99",))
    said = within_task(situation("unbelievable", "nlu_fallback", confidence=0.4, understanding=upset))
    numbered = situation("LY20261028011 unbelievable", "nlu_fallback", confidence=0.4, understanding=upset)
    assert (said.form, said.wanted) == ("return_request", "order_number")
    for name, line in ((WITHIN_TASK, said), (BESIDE_NUMBER, numbered)):
        assert report({name: [(True, line)]})[1]
        assert not report({name: [(True, line)] * 3 + [(True, situation("好的"))]})[1]
