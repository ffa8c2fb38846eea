"""Rings that meet, and how they are told to gateways of this release and of 0.1, which knows bare topics only."""

from __future__ import annotations

import itertools

import pytest

from handoff_service.bell import Rings, note, payload
from handoff_service.live.page import DESK_EVERY_S, DESK_LATEST_S, DESK_SHARE, desk_pause_s
from handoff_service.postgres import CHANNEL, DETAILS, Notices, told

TOPIC, OTHER = "conversation/demo/c_1", "desk/demo"


@pytest.mark.parametrize(("rung", "left"), [([3, 5], 5), ([3, None], None), ([None], None), ([7, 7, 2], 7)])
def test_of_two_rings_the_one_that_says_more_is_left(rung: list[int | None], left: int | None) -> None:
    for order in itertools.permutations(rung):
        rings: Rings = {}
        for detail in order:
            note(rings, TOPIC, detail)
        assert rings == {TOPIC: left}


def heard_by(listens_to: tuple[str, ...], rings: Rings, *, sender: int = 7) -> list[str]:
    """What a gateway of this release rings for, which listens to these channels."""
    heard: list[str] = []
    notices = Notices(None, hear=heard.append, missed=lambda: None)  # type: ignore[arg-type]
    for channel, said in zip(*told(rings), strict=True):
        if channel in listens_to:
            (notices._heard_details if channel == DETAILS else notices._heard)(None, sender, channel, said)
    assert notices._detailed == set()
    return heard


def test_who_knows_details_hears_each_ring_once_and_who_does_not_its_topic() -> None:
    rings: Rings = {TOPIC: 5, OTHER: None}
    assert heard_by((CHANNEL, DETAILS), rings) == [payload(TOPIC, 5), OTHER]
    assert [said for channel, said in zip(*told(rings), strict=True) if channel == CHANNEL] == [TOPIC, OTHER]


def test_a_bare_ring_of_another_gateway_counts_beside_one_with_a_detail() -> None:
    heard: list[str] = []
    notices = Notices(None, hear=heard.append, missed=lambda: None)  # type: ignore[arg-type]
    notices._heard_details(None, 7, DETAILS, payload(TOPIC, 5))
    notices._heard(None, 8, CHANNEL, TOPIC)
    notices._heard(None, 7, CHANNEL, TOPIC)
    notices._heard(None, 7, CHANNEL, TOPIC)
    assert heard == [payload(TOPIC, 5), TOPIC, TOPIC]


@pytest.mark.parametrize("took_s", [0.0, 0.001, 0.02, 0.1, 0.3, 2.0, 30.0])
def test_a_desk_leaves_the_database_its_time_and_never_hides_an_offer(took_s: float) -> None:
    pause_s = desk_pause_s(took_s)
    assert pause_s >= DESK_EVERY_S
    assert took_s <= pause_s <= took_s + DESK_LATEST_S
    if pause_s < took_s + DESK_LATEST_S:
        assert took_s <= pause_s * DESK_SHARE + 1e-9
