"""A brand's colour made readable: the same rule as web/widget/look.ts (WCAG 2.2, 1.4.3). Pure."""

from __future__ import annotations

Rgb = tuple[float, float, float]

CONTRAST = 4.5
STEPS = 20


def readable(colour: str, ground: str, *, towards: str) -> str:
    """The colour (#rrggbb), moved towards another in small steps until it can be read on the ground."""
    wanted, under, end = _rgb(colour), _rgb(ground), _rgb(towards)
    found = wanted
    for step in range(1, STEPS + 1):
        if contrast(found, under) >= CONTRAST:
            break
        found = _mix(wanted, end, step / STEPS)
    return "#" + "".join(f"{round(value):02x}" for value in found)


def contrast(one: Rgb, other: Rgb) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(rgb: Rgb) -> float:
    red, green, blue = (_linear(value / 255) for value in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (value + (to - value) * share for value, to in zip(one, other, strict=True))
    return red, green, blue


def _rgb(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
