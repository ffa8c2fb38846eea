"""The life of a model as processes see it: the same bytes twice, a swap under load, crashes that change nothing."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests

from bot.models.progress import is_training, only_training, read_progress
from bot.models.versions import Versions, file_hash
from tests.bot.far_side import KnowledgeServer, ShopServer
from tests.bot.gateway import BOT, ROOT, Bot, Chat
from tests.ports import free_port

CONTRACT = json.loads((ROOT / "tests" / "contracts" / "models.json").read_text(encoding="utf-8"))
CUSTOMER = {"id": "cus_1", "verified": True}
SAID = ("你好", "我的订单到哪了", "LY20261103001", "谢谢", "我要转人工")
"""A dialogue with a running task in its middle."""

FIT = """
import json, sys, tempfile
from pathlib import Path
from bot.without_tensorflow import stand_in
stand_in()
from bot.models.fit import fit, gather, in_fixed_order, weights_hash
in_fixed_order()
from bot.models.inputs import Sources
sources = Sources(training=Path(sys.argv[1]), reviewed=Path(sys.argv[1]) / "none")
with tempfile.TemporaryDirectory() as folder:
    archive = fit(sources, gather(sources).reviewed, Path(folder))
    print(json.dumps({"weights": weights_hash(archive), "inputs": sources.hash()}))
"""


def test_training_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    """In two processes that begin with sets in different orders; the data is small, the pipeline is not."""
    shutil.copy(ROOT / "data" / "training" / "rules.yml", tmp_path)
    texts = {
        "greet": "hello|hi|你好|您好",
        "thanks": "thank you|thanks|谢谢|多谢",
        "ask_human": "human|agent|人工|真人",
    }
    blocks = "".join(
        f"- intent: {intent}\n  examples: |\n" + "".join(f"    - {text}\n" for text in listed.split("|"))
        for intent, listed in texts.items()
    )
    (tmp_path / "nlu.yml").write_text(f'version: "3.1"\nnlu:\n{blocks}', encoding="utf-8")
    made = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "RASA_TELEMETRY_ENABLED": "false", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", FIT, str(tmp_path)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr[-2000:]
        made.append(json.loads(done.stdout.splitlines()[-1]))
    assert made[0] == made[1]


@pytest.mark.usefixtures("trained")
def test_the_data_as_shipped_pass_the_gate(environment: dict[str, str]) -> None:
    versions = Versions(Path(environment["TANDEM_VAR"]) / "bot" / "models")
    live = versions.live()
    assert live is not None
    gate = versions.manifest(live.version)["gate"]
    assert gate["reasons"] == []
    assert gate["stories"]["played"] >= 25


def serving(bot: Bot) -> Any:
    return requests.get(f"{bot.url}/models/", timeout=10).json()


def until(found: Any, what: str, *, within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not found():
        assert time.monotonic() < deadline, f"it did not come to this: {what}"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def two(environment: dict[str, str], trained: None, tmp_path_factory: pytest.TempPathFactory) -> Versions:  # noqa: ARG001
    """A models folder of these tests alone in which the trained model is two versions."""
    ours = Versions(Path(environment["TANDEM_VAR"]) / "bot" / "models")
    live = ours.live()
    assert live is not None
    versions = Versions(tmp_path_factory.mktemp("state") / "bot" / "models")
    versions.folder.mkdir(parents=True)
    manifest = ours.manifest(live.version)
    for number in (1, 2):
        copy = versions.folder / "copy.tar.gz"
        shutil.copy(ours.archive(live.version), copy)
        version = f"v{number:04}-{manifest['hash'][:8]}"
        versions.add(
            copy, {**manifest, "version": version, "number": number, "gate": {**manifest["gate"], "passed": True}}
        )
        versions.put_live(version, by="operator", at=f"2026-11-22T08:0{number}:00+00:00", how="trained")
    return versions


@pytest.fixture(scope="module")
def over_two(two: Versions, environment: dict[str, str]) -> Iterator[Bot]:
    """A bot over `two`."""
    var = two.folder.parents[1]
    addresses = {"TANDEM_VAR": str(var), "TANDEM_BOT_URL": f"http://127.0.0.1:{free_port()}"}
    bot = Bot({**environment, **addresses}, var / "bot.log")
    try:
        bot.start()
        yield bot
    finally:
        bot.stop()


@pytest.fixture
def own(over_two: Bot, two: Versions, kb_server: KnowledgeServer, shop_server: ShopServer) -> Bot:
    """The bot over `two` with healthy far sides; it runs, and the second version is live."""
    kb_server.reset()
    shop_server.reset()
    if over_two.process is None:
        over_two.start()
    for version in reversed(two.all()[-2:]):
        two.put_live(version["version"], by="operator", at="2026-11-22T08:59:00+00:00", how="chosen")
    until(lambda: serving(over_two)["serving"] == two.all()[-2]["version"], "the second version serves")
    return over_two


def told(answer: dict[str, Any]) -> tuple[Any, ...]:
    """What a customer notices of an answer, and the task that goes on."""
    texts = [(message["kind"], message["text"]) for message in answer["messages"]]
    return texts, answer["active_loop"], (answer["handoff"] or {}).get("reason")


def test_a_swap_under_load_loses_no_turn_and_no_running_task(own: Bot, two: Versions) -> None:
    """Dialogues that are swapped under all the time go as one does that no swap touches; each turn counts once."""
    calm = Chat(own, customer=CUSTOMER)
    expected = [told(calm.say(text)) for text in SAID]
    assert any(running for _, running, _ in expected), "the dialogue has a task that runs"
    names = [one["version"] for one in two.all()[-2:]]
    stop = threading.Event()
    dialogues: list[list[Any]] = []
    wrong: list[str] = []

    def talk() -> None:
        while not stop.is_set():
            chat, heard = Chat(own, customer=CUSTOMER), []
            for number, text in enumerate(SAID):
                turn = f"t_{chat.conversation}_{number}"
                answer = chat.say(text, turn=turn)
                again = chat.say(text, turn=turn)
                if answer["duplicate"] or not again["duplicate"] or told(again) != told(answer):
                    wrong.append(f"{text}: answered twice")
                heard.append(told(answer))
            dialogues.append(heard)

    threads = [threading.Thread(target=talk) for _ in range(3)]
    for thread in threads:
        thread.start()
    swaps = 0
    while swaps < 6 or len(dialogues) < 12:
        target = names[swaps % 2 - 1]
        if swaps % 2:  # as the command line does it, from another process
            two.put_live(target, by="operator", at="2026-11-22T09:00:00+00:00", how="chosen")
            until(lambda target=target: serving(own)["serving"] == target, f"{target} serves")
        else:
            body = {"by": "agent:demo/a_chen", "version": target}
            assert requests.post(f"{own.url}/models/live", json=body, timeout=20).json() == {"live": target}
            assert serving(own)["serving"] == target
        swaps += 1
        time.sleep(0.1)
    stop.set()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert [heard for heard in dialogues if heard != expected] == []


def test_a_task_that_runs_goes_on_under_the_next_model(own: Bot, two: Versions) -> None:
    chat = Chat(own, customer=CUSTOMER)
    assert chat.say(SAID[1])["active_loop"] is not None
    second, first = (one["version"] for one in two.all()[-2:])
    body = {"by": "agent:demo/a_chen", "from": second}
    assert requests.post(f"{own.url}/models/rollback", json=body, timeout=20).status_code == 200
    assert requests.get(f"{own.url}/readyz", timeout=5).json()["model"] == first
    calm = Chat(own, customer=CUSTOMER)
    calm.say(SAID[1])
    assert told(chat.say(SAID[2])) == told(calm.say(SAID[2]))
    assert requests.post(f"{own.url}/models/rollback", json=body, timeout=20).status_code == 409


def test_a_model_that_cannot_be_loaded_changes_nothing(own: Bot, two: Versions, tmp_path: Path) -> None:
    newest = two.all()[-2]
    bad = tmp_path / "bad.tar.gz"
    bad.write_bytes(b"no archive")
    two.add(bad, {**newest, "version": "v0003-bad00000", "number": 3, "archive": file_hash(bad)})
    two.put_live("v0003-bad00000", by="operator", at="2026-11-22T09:00:00+00:00", how="chosen")
    until(lambda: serving(own)["refused"], "the refusal is told")
    state = serving(own)
    assert (state["serving"], state["refused"]["version"]) == (newest["version"], "v0003-bad00000")
    jsonschema.validate(state, CONTRACT["state"])
    Chat(own).say("你好")
    own.stop()
    own.start()
    assert serving(own)["serving"] == newest["version"], "after a restart the one before it serves"


def test_trainings_take_turns_and_one_that_is_stopped_leaves_the_live_model(own: Bot, two: Versions) -> None:
    live = two.live()
    body = {"by": "agent:demo/a_chen", "lines": [{"intent": "greet", "text": "salutations"}]}
    jsonschema.validate(body, CONTRACT["train"])
    begun = requests.post(f"{own.url}/models/train", json=body, timeout=40)
    assert begun.status_code == 202, begun.text
    assert begun.json()["training"]["by"] == "agent:demo/a_chen"
    assert requests.post(f"{own.url}/models/train", json=body, timeout=40).status_code == 409
    jsonschema.validate(serving(own), CONTRACT["state"])
    assert "salutations" in (two.folder.parent / "reviewed" / "reviewed.yml").read_text()
    own.stop()
    until(lambda: not is_training(two.folder), "the training has ended")
    progress = read_progress(two.folder)
    assert progress is not None
    assert (progress["running"], progress["result"]) == (False, "failed")
    assert two.live() == live


def test_a_training_that_is_killed_leaves_the_live_model_and_its_rubbish_goes(
    two: Versions, environment: dict[str, str]
) -> None:
    live, before = two.live(), two.all()
    setting = {**environment, "TANDEM_VAR": str(two.folder.parents[1])}
    training = subprocess.Popen([*BOT, "train", "--again"], cwd=ROOT, env=setting, stdout=subprocess.DEVNULL)
    until(lambda: list(two.folder.glob(".training-*")), "it fits", within_s=60)
    os.kill(training.pid, signal.SIGKILL)
    training.wait(10)
    assert two.live() == live
    progress = read_progress(two.folder)
    assert progress is not None
    assert (progress["running"], progress["result"]) == (False, "failed")
    with only_training(two.folder):
        two.prune()
    assert list(two.folder.glob(".training-*")) == []
    assert two.all() == before


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("live", {"by": "x", "version": "v9999-0"}, 404), ("live", {"by": "x", "version": 3}, 422),
        ("live", {"version": "v9999-0"}, 422), ("live", [], 422), ("rollback", {"by": "a b", "from": "v1"}, 422),
        ("train", {"by": "x"}, 422), ("train", {"by": "x", "lines": [{}]}, 422),
    ],
)  # fmt: skip
def test_what_breaks_the_contract_is_refused(bot: Bot, path: str, body: Any, status: int) -> None:
    answer = requests.post(f"{bot.url}/models/{path}", json=body, timeout=10)
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}


def test_a_page_of_another_site_cannot_move_a_model(bot: Bot) -> None:
    """A form or a script without leave can send these kinds of content, not JSON."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = requests.post(
            f"{bot.url}/models/rollback", data='{"by": "x"}', headers={"Content-Type": kind}, timeout=10
        )
        assert answer.status_code == 415
