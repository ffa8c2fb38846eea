"""The bot as a process: restarts, failing actions, a taken port, a second training."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import requests

from tests.bot.far_side import KnowledgeServer, ShopServer
from tests.bot.gateway import BOT, ROOT, Bot, Chat
from tests.ports import free_port


def test_a_killed_bot_comes_back_with_nothing_half_done(
    running: Bot, shop_server: ShopServer, kb_server: KnowledgeServer
) -> None:
    kb_server.reset()
    shop_server.reset()
    chat = Chat(running, customer={"id": "cus_1", "verified": True})
    for text in ("LY20261103002 我要退款", "不想要了"):
        chat.say(text)
    assert running.process is not None
    os.kill(running.process.pid, signal.SIGKILL)
    running.process.wait(10)
    started = time.monotonic()
    running.start()
    assert time.monotonic() - started < 30
    answer = chat.say("好的")
    assert (answer["active_loop"], answer["messages"][0]["kind"]) == (None, "small_talk")
    assert not any("refunds" in call for call in shop_server.calls)
    assert chat.say("我要退款")["active_loop"] == "refund_request"


def test_a_failing_action_is_a_503_and_leaves_no_trace(bot: Bot, shop_server: ShopServer) -> None:
    chat = Chat(bot, customer={"id": "cus_1", "verified": True})
    chat.say("我要退款")
    # An order whose items are no objects makes the Task's own action raise, as a bug would.
    shop_server.orders["LY20261103009"] = {
        **shop_server.orders["LY20261103001"],
        "number": "LY20261103009",
        "items": [5],
    }
    status = Chat(bot, customer={"id": "cus_1", "verified": True})
    failed = bot.post(status.body("LY20261103009到哪了", turn="t_fails"))
    assert (failed.status_code, failed.json()["error"]["code"]) == (503, "turn_failed")
    shop_server.orders["LY20261103009"]["items"] = []
    again = status.say("LY20261103009到哪了", turn="t_fails")
    assert (again["duplicate"], again["active_loop"]) == (False, None)
    assert status.say("你好")["messages"][0]["kind"] == "small_talk"
    assert chat.say("LY20261103002")["active_loop"] == "refund_request"


def test_a_taken_port_is_said_in_one_sentence(running: Bot) -> None:
    done = subprocess.run(
        [*BOT, "serve"], cwd=ROOT, env=running.environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("bot: port ")
    assert "TANDEM_BOT_URL" in done.stderr


def test_no_model_is_said_in_one_sentence(environment: dict[str, str], tmp_path: Path) -> None:
    setting = {**environment, "TANDEM_VAR": str(tmp_path), "TANDEM_BOT_URL": f"http://127.0.0.1:{free_port()}"}
    done = subprocess.run([*BOT, "serve"], cwd=ROOT, env=setting, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "python -m bot train" in done.stderr


@pytest.mark.usefixtures("trained")
def test_training_again_is_skipped(environment: dict[str, str]) -> None:
    started = time.monotonic()
    done = subprocess.run([*BOT, "train"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert "is current" in done.stdout
    assert time.monotonic() - started < 10


def test_the_bot_stops_cleanly(environment: dict[str, str], trained: None, tmp_path: Path) -> None:  # noqa: ARG001
    url = f"http://127.0.0.1:{free_port()}"
    other = Bot({**environment, "TANDEM_BOT_URL": url}, tmp_path / "bot.log")
    other.start()
    assert other.process is not None
    other.process.send_signal(signal.SIGINT)
    assert other.process.wait(10) == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/healthz", timeout=1)
