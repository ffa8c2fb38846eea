"""Which way of asking is tried in which state: every way meets every kind of state, and every place meets its turn.

A full product of ways × places is some hundred thousand turns. What decides how a text is read is the text and the
kind of state that it falls into, so every pair (way, kind of state) is tried; among the places of a kind, and among the
channels and languages, the plan takes what has been tried least with texts of the way's kind.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.bot.crawl.places import Place

CHANNELS = ("web", "api", "mail", "phone")  # the kinds that tell apart: a page with buttons, a platform, letters, voice


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One text to say in one place over one channel; `kind` is the text's."""

    text: str
    kind: str
    place: Place
    channel: str


def pairwise(ways: Mapping[str, Sequence[str]], places: Sequence[Place]) -> Iterator[Probe]:
    """Every way in every kind of place once, spread as evenly as can be over places and channels."""
    kinds: dict[str, list[Place]] = {}
    for place in places:
        kinds.setdefault(place.kind, []).append(place)
    tried: Counter[tuple[str, str]] = Counter()  # (place, kind of text), (place, "")
    channels: Counter[tuple[str, str]] = Counter()  # (text, channel), (place, channel)
    for kind, texts in ways.items():
        for text in texts:
            for candidates in kinds.values():
                place = min(candidates, key=lambda p: (tried[p.name, kind], tried[p.name, ""]))
                tried.update([(place.name, kind), (place.name, "")])
                channel = min(CHANNELS, key=lambda c: (channels[text, c], channels[place.name, c]))
                channels.update([(text, channel), (place.name, channel)])
                yield Probe(text=text, kind=kind, place=place, channel=channel)


def everything(ways: Mapping[str, Sequence[str]], places: Sequence[Place]) -> Iterator[Probe]:
    """Every way in every place; the channels take turns."""
    for row, place in enumerate(places):
        for column, (kind, text) in enumerate((kind, text) for kind, texts in ways.items() for text in texts):
            yield Probe(text=text, kind=kind, place=place, channel=CHANNELS[(row + column) % len(CHANNELS)])


def figures(probes: Sequence[Probe]) -> dict[str, int]:
    """How many different pairs of each sort were tried."""
    return {
        "probes": len(probes),
        "texts × kinds of state": len({(p.text, p.place.kind) for p in probes}),
        "texts × languages": len({(p.text, p.place.language) for p in probes}),
        "texts × channels": len({(p.text, p.channel) for p in probes}),
        "kinds of text × places": len({(p.kind, p.place.name) for p in probes}),
        "places × channels": len({(p.place.name, p.channel) for p in probes}),
    }
