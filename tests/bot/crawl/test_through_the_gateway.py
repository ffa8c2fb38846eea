"""The crawl once more, to where customers end: the real gateway asks the real bot, and the database has a place in a
queue, or at night a ticket, when the turn is over. Whichever part is down by then.
"""

import itertools
import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.settings import ROOT
from tests.bot.crawl.asking import ASKING
from tests.bot.crawl.conftest import PYTHON, Crawled
from tests.bot.crawl.look_alikes import LOOK_ALIKES
from tests.bot.crawl.places import LANGUAGES, Place
from tests.bot.crawl.test_crawl import EVERY_WAY
from tests.bot.gateway import Bot
from tests.ports import free_port

REGISTRY = (ROOT / "handoff_service" / "channels" / "registry.py").read_text(encoding="utf-8")
# Every kind of channel that a conversation can have: read, for the gateway's modules need another Python.
CHANNELS = (
    "web",
    *re.findall(
        r'^    "(\w+)": ', REGISTRY.split("CHANNELS: Mapping[str, Channel] = {")[1].split("\n}")[0], re.MULTILINE
    ),
)
WAITS = ("queue", "offer")
MOST = 10**6 if EVERY_WAY else 24  # places of a kind
STRIDE = 5  # neighbouring ways fall into places that are far apart


@dataclass(frozen=True, kw_only=True)
class Walk:
    """A customer on his way to a place: over which channel, and whether people are away."""

    name: str
    place: Place
    channel: str
    closed: bool
    text: str

    def job(self) -> dict[str, Any]:
        """As the gateway takes it."""
        customer = (self.place.metadata.get("customer") or {}).get("id")
        return {
            "walk": self.name,
            "channel": self.channel,
            "language": self.place.language,
            "closed": self.closed,
            "customer": customer,
            "path": list(self.place.path),
        }


class Gateway:
    """The running gateway: a line for a job, a line for what came of it."""

    def __init__(self, folder: Path, *, bot: str, kb: str) -> None:
        command = [PYTHON, "-m", "tests.bot.crawl.real_gateway", str(folder), bot, kb]
        self._log = (folder / "gateway.log").open("wb")
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True
        )

    def do(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Carries out one job."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the gateway ended: {Path(self._log.name).read_text()[-3000:]}"
        done: dict[str, Any] = json.loads(line)
        assert "error" not in done, (job, done)
        return done

    def close(self) -> None:
        """Let it end by itself."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._log.close()


@pytest.fixture(scope="module")
def served(crawled: Crawled, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bot, Gateway]]:
    """The bot as a process, over the same far sides, and the gateway that asks it."""
    folder = tmp_path_factory.mktemp("through")
    url = f"http://127.0.0.1:{free_port()}"
    bot = Bot({**crawled.environment, "TANDEM_BOT_URL": url}, folder / "bot.log")
    bot.start()
    gateway = Gateway(folder, bot=url, kb=crawled.kb.url)
    yield bot, gateway
    gateway.close()
    bot.stop()


def healthy(crawled: Crawled) -> list[Place]:
    """The places to which words and presses lead; who waits already has what he asks for."""
    found = [one for one in crawled.crawler.places if one.kb == "ok" and one.shop and not one.waiting]
    return [one for one in found if set(one.metadata) <= {"language", "customer"}]


def walks(places: Sequence[Place], named: str, *, channels: Sequence[str] = CHANNELS, most: int = MOST) -> list[Walk]:
    """Customers for the places of every kind, at most so many for each kind, and over all channels in turn.

    Open and closed, and the ways of asking, take turns too.
    """
    kinds: dict[str, list[Place]] = {}
    for place in places:
        kinds.setdefault(place.kind, []).append(place)
    ways, found = itertools.cycle(ASKING[::STRIDE] + ASKING[1::STRIDE]), []
    for kind, candidates in kinds.items():
        count = min(most, max(len(candidates), len(channels)))
        for number in range(count):
            place = candidates[number * max(1, len(candidates) // count) % len(candidates)]
            channel = channels[number % len(channels)]
            name = f"{named} {kind} {number}: {place.name} over {channel}"
            found.append(Walk(name=name, place=place, channel=channel, closed=number % 3 == 2, text=next(ways)))
    return found


def lead(crawled: Crawled, gateway: Gateway, planned: Sequence[Walk]) -> list[str]:
    """Leads everybody to his place, all parts being up. Returns who came elsewhere."""
    lost = []
    crawled.kb.reset()
    crawled.gate.open = True
    for walk in planned:
        crawled.shop.put_back()
        there = gateway.do(walk.job())
        state = crawled.run(crawled.bot.state(walk.place.sender))
        meant = (state.get("task"), state.get("requested_slot")) if state.get("active_loop") else (None, None)
        if there["owner"] not in ("bot", None):
            lost.append(f"{walk.name}: with {there['owner']} before he asks")
        elif (there["task"], there["wanted"]) != meant and walk.place.path:
            lost.append(f"{walk.name}: {there['task']}, {there['wanted']} and not {meant}")
    return lost


def refused(gateway: Gateway, planned: Sequence[Walk]) -> list[str]:
    """Who asks for a person in his place and has neither a place in a queue nor a ticket when the turn is over."""
    found = []
    for walk in planned:
        then = gateway.do({"ask": walk.name, "text": walk.text})
        wish = then["handoff"]
        tickets = set(then["tickets"])
        if then["was"]["owner"] == "bot":  # what a Task has filed on the way is not the answer to his wish
            tickets -= set(then["was"]["tickets"])
        helped = bool(tickets) if walk.closed else then["owner"] in WAITS
        if then["was"]["owner"] == "bot":  # else he has his place already, and keeps it
            helped = helped and wish is not None and wish["reason"] == "asked" and wish["seq"] > then["seq"]
        if not helped or wish is None:
            found.append(f"{walk.text} | {walk.name} | {then}")
    return found


def test_a_wish_ends_in_a_queue_or_in_a_ticket_in_that_turn(
    crawled: Crawled, served: tuple[Bot, Gateway], record_property: Callable[[str, object], None]
) -> None:
    """Every kind of state over every kind of channel, in both languages, open and closed; with TANDEM_EVERY_WAY=1
    (make soak) every state."""
    _, gateway = served
    planned = walks(healthy(crawled), "up")
    lost = lead(crawled, gateway, planned)
    pairs = {(one.place.kind, one.channel) for one in planned}
    record_property("tried", {"customers": len(planned), "kinds × channels": len(pairs), "led elsewhere": len(lost)})
    assert len(lost) <= len(planned) // 20, lost
    kinds = {one.place.kind for one in planned}
    assert pairs == set(itertools.product(kinds, CHANNELS))
    assert {(one.place.kind, one.closed) for one in planned} == set(itertools.product(kinds, (True, False)))
    assert {one.place.language for one in planned} == set(LANGUAGES)
    assert refused(gateway, planned) == []


@pytest.mark.parametrize("down", ["knowledge base", "shop"])
def test_whichever_part_is_down(crawled: Crawled, served: tuple[Bot, Gateway], down: str) -> None:
    """It goes down when he has come to his place."""
    _, gateway = served
    planned = walks(healthy(crawled), down, channels=CHANNELS[:2], most=4)
    assert len(lead(crawled, gateway, planned)) <= len(planned) // 20
    if down == "shop":
        crawled.gate.open = False
    else:
        crawled.kb.mode = "down"
    assert refused(gateway, planned) == []


def test_what_only_looks_like_it_stays_with_the_bot(crawled: Crawled, served: tuple[Bot, Gateway]) -> None:
    _, gateway = served
    starts = [place for place in healthy(crawled) if place.kind.startswith("start")]
    for text, walk in zip(LOOK_ALIKES[::8], walks(starts, "alike"), strict=False):
        lead(crawled, gateway, [walk])
        then = gateway.do({"ask": walk.name, "text": text})
        assert (then["handoff"] or {}).get("reason") != "asked", text


def test_the_bot_itself_is_down(crawled: Crawled, served: tuple[Bot, Gateway]) -> None:
    """The last of this file: it ends the bot. What it knew is gone, and a person is still one step away."""
    bot, gateway = served
    planned = walks(healthy(crawled), "no bot", channels=CHANNELS[:2], most=8)
    assert len(lead(crawled, gateway, planned)) <= len(planned) // 20
    bot.stop()
    assert refused(gateway, planned) == []
    alike = walks([place for place in healthy(crawled) if place.kind.startswith("start")], "no bot, alike")
    for text, walk in zip(LOOK_ALIKES[3::8], alike, strict=False):
        then = gateway.do({**walk.job(), "path": [{"text": text, "press": None, "file": False}]})
        assert (then["handoff"] or {}).get("reason") != "asked", text
