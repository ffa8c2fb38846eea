"""What people judged is in the next build of itself, whether or not an article has changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from kb_index.confidence.decision import Calibration
from kb_index.database import Database
from kb_index.index.build import Builder
from kb_index.learning import store
from kb_index.learning.model import Feedback, Kind, Taught
from kb_index.learning.taught import ENOUGH, enough
from kb_index.settings import Settings
from tests.kb_index.shop_articles import ZH, quiet

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WAYS = ("您好，{}", "{}，急", "想问一下{}", "请问{}呢")
WORDINGS = tuple(
    (way.format(question), name) for name, (_, questions, _) in ZH.items() for question in questions for way in WAYS
)


def teach(settings: Settings, wordings: Sequence[tuple[str, str]], *, right: bool) -> None:
    """An agent says of each whether this article answers it."""
    database = Database(settings.database)
    with database.write() as connection:
        for number, (text, article) in enumerate(wordings):
            told = Feedback(
                tenant="shop",
                event=f"{text}-{right}",
                kind=Kind.PICKED if right else Kind.THUMB,
                conversation=f"c_{number}",
                at=datetime.now(UTC) - timedelta(minutes=number),
                question=2,
                text=text,
                language="zh",
                article=article,
                right=right,
            )
            assert store.add(connection, told)
    database.close()


def calibration(builder: Builder, tenant: str) -> Calibration:
    return builder.store.load(builder.store.names()[0]).tenants[tenant].calibration


def test_judgements_alone_have_the_confidence_fitted_again(shop: Settings) -> None:
    builder = Builder(shop, quiet)
    before = calibration(builder, "shop")
    untouched = builder.store.manifest(builder.store.names()[0])["files"]["other/models.npz"]
    teach(shop, WORDINGS[: ENOUGH - 1], right=False)
    assert not builder.recalibration_due()
    assert builder.build(if_changed=True).skipped, "so few teach nothing"
    teach(shop, WORDINGS[ENOUGH - 1 :], right=False)
    assert builder.recalibration_due()
    assert not builder.recalibration_due(taught=False), "no article has changed"
    report = builder.build(if_changed=True)
    assert not report.skipped
    after = calibration(builder, "shop")
    assert after.probabilities(before.mean, language="zh")[0] < before.probabilities(before.mean, language="zh")[0]
    manifest = builder.store.manifest(report.generation)
    assert manifest["tenants"]["shop"]["taught"]["judged"] == len(WORDINGS)
    assert manifest["files"]["other/models.npz"] == untouched, "nobody said anything about the other tenant"
    assert not builder.recalibration_due()
    assert builder.build(if_changed=True).skipped
    builder.store.roll_back(None)
    assert not Builder(shop, quiet).recalibration_due(), "what was rolled back from is not built again by itself"


def test_without_its_database_a_build_goes_on_and_says_what_it_does_not_know(shop: Settings) -> None:
    away = shop.model_copy(update={"database_url": "postgresql://nobody@127.0.0.1:1/none"})
    builder = Builder(away, quiet)
    with capture_logs() as logs:
        report = builder.build(if_changed=False)
    assert {line["tenant"] for line in logs if line["event"] == "kb_index.not_learned"} == {"shop", "other"}
    assert builder.store.manifest(report.generation)["tenants"]["shop"]["taught"]["judged"] == 0
    assert not builder.recalibration_due()
    teach(shop, WORDINGS, right=True)
    assert Builder(shop, quiet).recalibration_due(), "it is back, and knows what nobody learned from yet"


@pytest.mark.parametrize(
    ("then", "now", "days", "due"),
    [
        ((0, ""), (19, "b"), 9, False),  # refit leaves so few alone
        ((0, ""), (20, "b"), 0, True),
        ((100, "a"), (119, "b"), 0, False),
        ((100, "a"), (119, "b"), 1, True),
        ((100, "a"), (100, "a"), 9, False),
        ((100, "a"), (100, "b"), 1, True),  # as many came as expired
        ((40, "a"), (0, ""), 0, True),  # erased, and to be unlearned
    ],
)
def test_a_single_judgement_waits_for_others_or_for_the_next_day(
    then: tuple[int, str], now: tuple[int, str], days: int, due: bool
) -> None:
    fitted = Taught(*then, at=(NOW - timedelta(days=days)).isoformat())
    assert enough(fitted, Taught(*now), NOW) is due
