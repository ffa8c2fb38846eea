"""The bot with the real demo shop behind it, on a file that is fresh for each test, through a door that can break."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.bot.far_side import FarSide, KnowledgeServer
from tests.bot.gateway import ROOT, Bot
from tests.ports import free_port

KEY, SECRET = "k" * 40, "i" * 40
SHOP = [str(ROOT / ".venv" / "bin" / "python"), "-m", "data.demo_shop", "serve"]
START_LIMIT = 40.0


class ShopDoor(FarSide):
    """Passes everything on to the demo shop while `mode` is ok; counts it, and keeps the bodies, either way."""

    def __init__(self, url: str) -> None:
        self.shop = url
        self.session = requests.Session()
        self.down_for: str | None = None  # the method that gets no answer, though the shop does what it asks
        super().__init__()

    def reset(self) -> None:
        super().reset()
        self.down_for = None

    def answer(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: dict[str, Any]
    ) -> tuple[int, Any]:
        passed = {name: value for name, value in headers.items() if name in ("Authorization", "X-Customer")}
        answer = self.session.request(
            method, self.shop + path, params=query, headers=passed, json=body if method == "POST" else None, timeout=10
        )
        if method == self.down_for:
            return 502, {"error": {"code": "gone", "message": "the answer was lost on its way"}}
        return answer.status_code, answer.json()


@pytest.fixture(scope="session")
def shop_process(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The demo shop as a process: its address, and the file that it keeps its data in."""
    var = tmp_path_factory.mktemp("shop")
    url = f"http://127.0.0.1:{free_port()}"
    own = {
        **environment,
        "TANDEM_SHOP_URL": url,
        "TANDEM_SHOP_API_KEY": KEY,
        "TANDEM_IDENTITY_SECRET": SECRET,
        "TANDEM_VAR": str(var),
    }
    with (var / "shop.log").open("ab") as log:
        process = subprocess.Popen(SHOP, cwd=ROOT, env=own, stdout=log, stderr=log)
    deadline = time.monotonic() + START_LIMIT
    while True:
        assert process.poll() is None, f"the shop ended at start:\n{(var / 'shop.log').read_text()[-2000:]}"
        assert time.monotonic() < deadline, f"the shop was not ready in {START_LIMIT} s"
        try:
            if requests.get(f"{url}/readyz", timeout=1).status_code == 200:
                break
        except requests.ConnectionError:
            time.sleep(0.1)
    shutil.copy(var / "shop.sqlite", var / "first.sqlite")
    yield url, var / "shop.sqlite"
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="session")
def shop_door(shop_process: tuple[str, Path]) -> ShopDoor:
    return ShopDoor(shop_process[0])


@pytest.fixture(scope="session")
def task_bot(
    trained: None,  # noqa: ARG001 (the model must be there)
    environment: dict[str, str],
    shop_door: ShopDoor,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Bot]:
    """A bot whose shop is the demo shop."""
    own = {
        **environment,
        "TANDEM_BOT_URL": f"http://127.0.0.1:{free_port()}",
        "TANDEM_SHOP_URL": shop_door.url,
        "TANDEM_SHOP_API_KEY": KEY,
    }
    bot = Bot(own, tmp_path_factory.mktemp("tasks") / "bot.log")
    bot.start()
    yield bot
    bot.stop()


@pytest.fixture
def bot(task_bot: Bot, shop_door: ShopDoor, shop_process: tuple[str, Path], kb_server: KnowledgeServer) -> Bot:
    """The bot, the shop as it was at its first start, everything healthy."""
    file = shop_process[1]
    for leftover in file.parent.glob("shop.sqlite-*"):
        leftover.unlink()
    shutil.copy(file.with_name("first.sqlite"), file)
    shop_door.reset()
    kb_server.reset()
    return task_bot
