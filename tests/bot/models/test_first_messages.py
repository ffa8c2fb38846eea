"""How the figures of "handed over as unhappy" are counted, and what a threshold does to them."""

from bot.models.first_messages import PRECISION, RECALL, figures, report
from tests.bot.signals.test_signals import known, situation


def test_recall_precision_and_alarms() -> None:
    found = figures([(True, True)] * 3 + [(True, False)] + [(False, True)] + [(False, False)] * 3)
    assert (found.recall, found.precision, found.alarms) == (0.75, 0.75, 0.25)
    assert not found.reached
    assert figures([(True, True), (False, False)]).reached
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
    text, reached = report({"mine": lines})
    rows = {row.split()[0]: row for row in text.splitlines()[1:]}
    assert reached
    assert f"(goal {RECALL:.2f}, {PRECISION:.2f}: reached)" in rows["default"]
    assert "recall 1.000" in rows["0.20"]
    assert "calm ones handed over 50.0%" in rows["0.20"]
    assert "recall 0.500" in rows["0.70"]
    assert "calm ones handed over 0.0%" in rows["0.70"]
    missed = [(meant, s) for meant, s in lines if not meant] + [(True, situation("好的"))]
    assert report({"mine": missed})[1] is False
