"""Drawings of an evaluation as SVG: how far probabilities can be trusted, and what answering more would cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Points = Sequence[Mapping[str, float]]

WIDTH, HEIGHT, LEFT, TOP, SIDE = 460, 360, 60, 20, 280
STYLE = (
    "text{font:12px sans-serif;fill:#333}.axis{stroke:#333;fill:none}.even{stroke:#999;stroke-dasharray:4 4}"
    ".bar{fill:#7aa6d8}.curve{stroke:#1f5fa8;stroke-width:2;fill:none}.budget{stroke:#c0392b;stroke-dasharray:6 3}"
)


def reliability_diagram(bins: Points, *, title: str) -> str:
    """A bar per bin of promised probability, as high as the share that was right; on the diagonal they agree."""
    drawn = []
    for each in bins:
        left, right, top = _x(each["from"]), _x(each["from"] + 0.1), _y(each["right"])
        drawn.append(
            f'<rect class="bar" x="{left + 1:.1f}" y="{top:.1f}" width="{right - left - 2:.1f}" '
            f'height="{_y(0) - top:.1f}"><title>{each["count"]:g} questions, promised {each["promised"]:.2f}, '
            f"right {each['right']:.2f}</title></rect>"
            f'<text x="{(left + right) / 2:.1f}" y="{top - 4:.1f}" text-anchor="middle">{each["count"]:g}</text>'
        )
    drawn.append(f'<line class="even" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>')
    return _framed(drawn, title=title, across="probability that was promised", up="share that was right")


def risk_coverage_curve(points: Points, *, budget: float, title: str) -> str:
    """The share of wrong answers if that share of all questions were answered, surest first."""
    most = math.ceil(10 * max([0.1, *(each["risk"] for each in points)])) / 10
    line = " ".join(f"{_x(each['coverage']):.1f},{_y(each['risk'] / most):.1f}" for each in points)
    drawn = [
        f'<line class="budget" x1="{_x(0)}" y1="{_y(budget / most):.1f}" x2="{_x(1)}" y2="{_y(budget / most):.1f}"/>',
        f'<text x="{_x(0) + 4}" y="{_y(budget / most) - 5:.1f}">error budget {budget:.0%}</text>',
        f'<polyline class="curve" points="{line}"/>',
    ]
    return _framed(drawn, title=title, across="share of all questions answered", up="share of wrong answers", most=most)


def _x(share: float) -> float:
    return LEFT + SIDE * share * 1.3


def _y(share: float) -> float:
    return TOP + SIDE * (1 - share)


def _framed(drawn: Sequence[str], *, title: str, across: str, up: str, most: float = 1.0) -> str:
    marks = []
    for step in range(6):
        share = step / 5
        marks.append(f'<text x="{_x(share):.1f}" y="{_y(0) + 18}" text-anchor="middle">{share:.1f}</text>')
        marks.append(f'<text x="{LEFT - 8}" y="{_y(share) + 4:.1f}" text-anchor="end">{share * most:.2g}</text>')
    middle = TOP + SIDE / 2
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">',
            f'<title>{title}</title><style>{STYLE}</style><rect width="100%" height="100%" fill="#fff"/>',
            *drawn,
            f'<polyline class="axis" points="{_x(0)},{_y(1)} {_x(0)},{_y(0)} {_x(1)},{_y(0)}"/>',
            *marks,
            f'<text x="{_x(0.5)}" y="{_y(0) + 40}" text-anchor="middle">{across}</text>',
            f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">{up}</text>',
            "</svg>\n",
        ]
    )
