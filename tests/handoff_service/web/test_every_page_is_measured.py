"""Every list and report that somebody signed in can read is measured over a year (`python -m tests.bench.lists`)."""

from __future__ import annotations

import re

from handoff_service.permissions import Permission
from tests.bench.lists import ELSEWHERE, FILES, PAGES
from tests.handoff_service.web.policy import EITHER, POLICY

PATHS = [path.partition("?")[0] for path in (*PAGES.values(), *FILES.values())]


def read_by_staff() -> set[str]:
    """The paths of all routes that only read, and that agents or integrators may ask."""
    kinds = {route: kind for route, kind in POLICY.items() if route.startswith("GET /")}
    return {
        route.removeprefix("GET ") for route, kind in kinds.items() if isinstance(kind, Permission) or kind == EITHER
    }


def is_measured(route: str) -> bool:
    pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route))
    return any(re.fullmatch(pattern, path) for path in PATHS)


def test_every_route_that_lists_or_reports_is_measured_or_says_why_not() -> None:
    routes = read_by_staff()
    assert len(routes) > 40
    told = {route for route in routes if any(re.fullmatch(why, route) for why in ELSEWHERE)}
    assert {route for route in routes if is_measured(route)} & told == set(), "measured, so it needs no excuse"
    assert routes - told - {route for route in routes if is_measured(route)} == set()


def test_every_excuse_and_every_measured_path_is_of_a_route_that_there_is() -> None:
    routes = read_by_staff()
    assert [one for one in ELSEWHERE if not any(re.fullmatch(one, route) for route in routes)] == []
    patterns = [re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route.removeprefix("GET "))) for route in POLICY]
    assert [path for path in PATHS if not any(re.fullmatch(one, path) for one in patterns)] == []
