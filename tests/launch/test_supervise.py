"""The launcher keeps its parts running and leaves nothing behind: real processes, real signals."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.launch.conftest import Launcher, eventually, lives

Launch = Callable[..., Launcher]


def test_ctrl_c_stops_all_parts_cleanly(launch: Launch, free_ports: list[int]) -> None:
    launcher = launch(f"one:{free_ports[0]}:", f"two:{free_ports[1]}:--child")
    parts = launcher.ready()
    child = int(re.findall(r"child (\d+)", (launcher.var / "logs" / "two.log").read_text())[0])

    launcher.process.send_signal(signal.SIGINT)

    assert launcher.wait() == 0
    assert [pid for pid in (parts["one"]["pid"], parts["two"]["pid"], child) if lives(pid)] == []
    assert not (launcher.var / "run.json").exists()
    assert launcher.output.endswith("Stopped.\n")


def test_sigkill_of_the_launcher_leaves_no_process(launch: Launch, free_ports: list[int]) -> None:
    launcher = launch(f"one:{free_ports[0]}:", f"deaf:{free_ports[1]}:--deaf --child")
    parts = launcher.ready()
    child = int(re.findall(r"child (\d+)", (launcher.var / "logs" / "deaf.log").read_text())[0])
    pids = [parts["one"]["pid"], parts["deaf"]["pid"], child]

    launcher.process.kill()
    launcher.wait()

    eventually(lambda: not any(lives(pid) for pid in pids), what=f"processes {pids} gone")


def test_a_new_launcher_waits_for_the_parts_of_a_killed_one(launch: Launch, free_ports: list[int]) -> None:
    description = f"deaf:{free_ports[0]}:--deaf"
    killed = launch(description)
    killed.ready()
    killed.process.kill()
    killed.wait()

    follower = launch(description)

    assert follower.ready()["deaf"]["restarts"] == 0
    assert "launcher that was killed" in follower.output


def test_a_part_that_ignores_sigterm_is_killed(launch: Launch, free_ports: list[int]) -> None:
    launcher = launch(f"deaf:{free_ports[0]}:--deaf")
    pid = launcher.ready()["deaf"]["pid"]

    launcher.process.terminate()

    assert launcher.wait() == 0
    assert not lives(pid)
    assert "deaf did not stop within 1 s: killed" in launcher.output


def test_a_killed_part_is_started_again_and_the_log_says_why(launch: Launch, free_ports: list[int]) -> None:
    launcher = launch(f"one:{free_ports[0]}:", f"two:{free_ports[1]}:")
    before = launcher.ready()

    os.kill(before["two"]["pid"], signal.SIGKILL)

    eventually(
        lambda: launcher.state()["parts"]["two"]["restarts"] == 1,
        what="a restart",
        more=lambda: launcher.output,
    )
    after = launcher.ready()
    assert after["two"]["pid"] != before["two"]["pid"]
    assert after["one"]["pid"] == before["one"]["pid"]
    log = (launcher.var / "logs" / "two.log").read_text()
    assert "two died: killed by SIGKILL; starting again in 1 s" in log
    assert f"dummy {before['two']['pid']} on" in launcher.output, "the last words belong to the message"


def test_the_pause_before_a_restart_doubles(launch: Launch, free_ports: list[int]) -> None:
    launcher = launch(f"one:{free_ports[0]}:")
    for restarts, pause in ((1, 1), (2, 2)):
        os.kill(launcher.ready()["one"]["pid"], signal.SIGKILL)
        eventually(lambda n=restarts: launcher.state()["parts"]["one"]["restarts"] == n, what="a restart")
        assert f"starting again in {pause} s" in launcher.output


def test_the_child_of_a_dead_part_does_not_keep_its_port(launch: Launch, free_ports: list[int]) -> None:
    launcher = launch(f"two:{free_ports[0]}:--child")
    pid = launcher.ready()["two"]["pid"]
    child = int(re.findall(r"child (\d+)", (launcher.var / "logs" / "two.log").read_text())[0])

    os.kill(pid, signal.SIGKILL)

    eventually(lambda: not lives(child), what="the orphan is gone")
    eventually(lambda: launcher.state()["parts"]["two"]["restarts"] == 1, what="a restart")
    launcher.ready()


def test_a_part_that_cannot_start_ends_everything_with_its_last_words(launch: Launch, free_ports: list[int]) -> None:
    launcher = launch(f"one:{free_ports[0]}:", f"bad:{free_ports[1]}:--die 7")
    assert launcher.wait() == 1
    assert "bad died 3 times (exit code 7)" in launcher.output
    assert "the reason for my death" in launcher.output


def test_a_part_that_never_becomes_ready_is_named(launch: Launch, free_ports: list[int]) -> None:
    launcher = launch(f"mute:{free_ports[0]}:--mute", start_s=1)
    assert launcher.wait() == 1
    assert "mute was not ready after 1 s (TANDEM_START_S)" in launcher.output


def test_a_part_waits_for_those_that_it_comes_after(launch: Launch, free_ports: list[int]) -> None:
    launcher = launch(f"late>early:{free_ports[0]}:", f"early:{free_ports[1]}:")
    launcher.ready()
    ready = re.findall(r"✓ (\w+) ready", launcher.output)
    assert ready == ["early", "late"]


def test_a_second_launcher_on_the_same_folder_is_refused(launch: Launch, free_ports: list[int]) -> None:
    first = launch(f"one:{free_ports[0]}:")
    first.ready()
    second = launch(f"one:{free_ports[1]}:", var=first.var)
    assert second.wait() == 1
    assert f"Tandem already runs on {first.var} (process {first.process.pid})" in second.output
    assert first.state()["ready"] is True, "the first one goes on"


def test_a_taken_port_names_part_port_and_setting(launch: Launch, free_ports: list[int], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", free_ports[0])):
        launcher = launch(f"shop:{free_ports[0]}:")
        assert launcher.wait() == 1
    assert f"shop cannot use port {free_ports[0]}" in launcher.output
    assert "set TANDEM_SHOP_URL to another address" in launcher.output
    assert not (tmp_path / "var" / "logs").exists(), "nothing was started"


def test_without_its_watcher_the_launcher_stops_everything(launch: Launch, free_ports: list[int]) -> None:
    launcher = launch(f"one:{free_ports[0]}:")
    pid = launcher.ready()["one"]["pid"]
    children = Path(f"/proc/{launcher.process.pid}/task/{launcher.process.pid}/children").read_text().split()
    (watcher,) = [int(child) for child in children if int(child) != pid]

    os.kill(watcher, signal.SIGKILL)

    assert launcher.wait() == 1
    assert "The watcher, which stops the parts after a crash, was killed" in launcher.output
    assert not lives(pid)


def test_a_program_runs_when_all_is_ready_and_everything_ends_with_it(
    launch: Launch, free_ports: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIAL_WORK", "1")
    launcher = launch(f"one:{free_ports[0]}:")
    assert launcher.wait() == 5
    (pid,) = re.findall(r"started as process (\d+)", (launcher.var / "logs" / "one.log").read_text())
    assert not lives(int(pid))
    steps = [line for line in launcher.output.splitlines() if "ready" in line or line.startswith("Stop")]
    assert [step.split()[0] for step in steps] == ["✓", "the", "Stopping", "Stopped."]
