"""A candidate served by a process of its own, on a port of its own, and spoken to as the gateway speaks.

What is rehearsed is thus what will serve: loading the archive, actions, channel and all. The live bot is not touched.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from bot.models.stand_in import StandIn
from bot.models.stories import Outcome, Story, play, play_all
from bot.models.versions import ModelError
from bot.settings import ROOT

START_S = 60.0
TURN_S = 20.0


class RehearsalFailed(ModelError):
    """The candidate could not even be asked; the text holds what its process said."""


class Door:
    """The gateway's side of the turn contract, for one bot at `url`."""

    def __init__(self, url: str, stand_in: StandIn | None = None) -> None:
        self._url = f"{url.rstrip('/')}/webhooks/tandem/turn"
        self._stand_in = stand_in
        self._session = requests.Session()
        self._session.trust_env = False

    def ask(self, body: Mapping[str, Any], step: Mapping[str, Any]) -> Mapping[str, Any]:
        """One turn. A refusal is an answer that says so, so that the story tells what happened."""
        if self._stand_in is not None:
            self._stand_in.step = step
        response = self._session.post(self._url, json=body, timeout=TURN_S)
        if response.status_code != 200:
            said = {"text": f"status {response.status_code}: {response.text[:300]}", "kind": "failed"}
            return {"messages": [{**said, "buttons": [], "sources": []}], "handoff": None}
        answer: Mapping[str, Any] = response.json()
        return answer


@contextmanager
def served(archive: Path, *, log: Path) -> Iterator[Door]:
    """A door to the archive's model, beside a stand-in for the knowledge base and no shop. Raises RehearsalFailed."""
    stand_in = StandIn()
    url = f"http://127.0.0.1:{_free_port()}"
    environment = {
        **os.environ,
        "TANDEM_BOT_URL": url,
        "TANDEM_KB_INDEX_URL": stand_in.url,
        "TANDEM_SHOP_URL": f"http://127.0.0.1:{_free_port()}",
    }
    with log.open("wb") as output:
        command = [sys.executable, "-m", "bot", "serve", "--model", str(archive)]
        # Its input ends with this process, however that ends, and it then stops too.
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=output, stderr=output
        )
        try:
            _wait_until_ready(process, url, log)
            yield Door(url, stand_in)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            stand_in.close()


def _wait_until_ready(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"{url}/readyz", timeout=2).status_code == 200:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    said = log.read_text(encoding="utf-8", errors="replace")[-1500:]
    raise RehearsalFailed(f"the candidate does not serve: {said}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def not_handed_over(door: Door, texts: Sequence[tuple[str, ...]]) -> list[str]:
    """Of ways to ask for a person, (text, language), those that do not hand over at once."""
    return [text for text, language in texts if play(_asking(text, language), door.ask) is not None]


def _asking(text: str, language: str) -> Story:
    return Story(text, language, None, None, ({"say": text, "handoff": "asked"},))


def stories_played(door: Door, stories: Sequence[Story]) -> Outcome:
    """The stories that need nothing but the bot."""
    return play_all(stories, door.ask)
