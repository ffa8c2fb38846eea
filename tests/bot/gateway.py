"""The gateway's side of the turn contract, against a bot that this module starts as a process."""

import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
BOT = [sys.executable, "-m", "bot"]
START_LIMIT = 40.0


class Bot:
    """A running `python -m bot serve` and the gateway's side of the turn contract."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.environment = environment
        self.url = environment["TANDEM_BOT_URL"]
        self.log = log
        self.session = requests.Session()
        self.session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=32))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it is ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([*BOT, "serve"], cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the bot ended at start:\n{self.log.read_text()[-2000:]}"
            try:
                if requests.get(f"{self.url}/readyz", timeout=1).status_code == 200:
                    return
            except requests.ConnectionError:
                time.sleep(0.1)
        raise AssertionError(f"the bot was not ready in {START_LIMIT} s:\n{self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        """Stop and wait for the end."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)
            self.process = None

    def post(self, body: Any) -> requests.Response:
        """One raw post to the door."""
        return self.session.post(f"{self.url}/webhooks/tandem/turn", json=body, timeout=30)


class Chat:
    """One conversation."""

    def __init__(self, bot: Bot, **metadata: Any) -> None:
        self.bot = bot
        self.conversation = f"c_{uuid.uuid4().hex[:12]}"
        self.phase = 1
        self.metadata = {
            "tenant": "demo",
            "channel": "web",
            "language": "zh",
            "owner": "bot",
            "orders": True,
            "customer": None,
            "context": [],
            **metadata,
        }

    def body(self, text: str, *, press: str | None = None, turn: str | None = None) -> dict[str, Any]:
        """The request for a text."""
        return {
            "conversation": self.conversation,
            "phase": self.phase,
            "turn": turn or f"t_{uuid.uuid4().hex[:12]}",
            "text": text,
            "press": press,
            "metadata": self.metadata,
        }

    def say(self, text: str, *, press: str | None = None, turn: str | None = None) -> dict[str, Any]:
        """Say something, get the answer; it must be 200 and never empty."""
        response = self.bot.post(self.body(text, press=press, turn=turn))
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        assert answer["messages"] or answer["handoff"], answer
        return answer

    def press(self, answer: dict[str, Any], title: str) -> dict[str, Any]:
        """Press the button with this title of an answer."""
        buttons = [button for message in answer["messages"] for button in message["buttons"]]
        payload = next(button["payload"] for button in buttons if button["title"] == title)
        return self.say(title, press=payload)
