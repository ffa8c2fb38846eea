"""What can go wrong before anything runs, each as one sentence that says what to do."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from handoff_service.launch.clean import clean
from handoff_service.launch.commands import run_logged
from handoff_service.launch.credentials import SECRET_NAMES, ensure_secrets, parts_environment
from handoff_service.launch.environments import check_free_space
from handoff_service.launch.errors import LaunchError
from handoff_service.launch.junit import Counts, judged, read_counts
from handoff_service.launch.parts import Part, check_ports, tandem_parts
from handoff_service.launch.prepare import agents_in, merge_agents
from handoff_service.launch.pythons import find_python310
from handoff_service.launch.settings import SETTINGS, read_settings
from handoff_service.launch.steps import Step, is_done, run_steps
from tests.launch.conftest import ROOT


def test_missing_python_310_says_how_to_get_one(tmp_path: Path) -> None:
    nothing = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    with pytest.raises(LaunchError, match=r"Rasa needs Python 3\.10 and none was found.*TANDEM_PYTHON310"):
        find_python310("", nothing)


def test_a_shim_without_a_python_behind_it_is_passed_over(tmp_path: Path) -> None:
    shim = tmp_path / "bin" / "python3.10"
    real = tmp_path / ".pyenv" / "versions" / "3.10.99" / "bin" / "python"
    for path, text in (
        (shim, "#!/bin/sh\necho 'pyenv: python3.10: command not found' >&2\nexit 127\n"),
        # Says yes to the question whether it is a 3.10: the machine of this test may have none.
        (real, "#!/bin/sh\nexit 0\n"),
    ):
        path.parent.mkdir(parents=True)
        path.write_text(text)
        path.chmod(0o755)
    environ = {"PATH": f"{shim.parent}:/usr/bin:/bin", "HOME": str(tmp_path)}
    assert find_python310("", environ) == str(real)


def test_the_python_that_was_named_must_work() -> None:
    with pytest.raises(LaunchError, match=r"TANDEM_PYTHON310=/bin/false is not a working Python 3\.10"):
        find_python310("/bin/false", os.environ)


def test_a_full_disk_is_noticed_before_the_installation(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match=r"GB are free on the disk.*need 1048576 GB"):
        check_free_space(tmp_path, needed=1 << 50)
    check_free_space(tmp_path, needed=1)


def _run(tmp_path: Path, program: str) -> str:
    command = [sys.executable, "-c", program]
    return run_logged(command, doing="trying", log=tmp_path / "log", cwd=tmp_path, environment=os.environ)


def test_a_failing_command_shows_its_last_lines_and_the_log(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match=r"Trying failed with exit code 3; .*log:\n    the cause"):
        _run(tmp_path, "print('the cause'); raise SystemExit(3)")
    assert "the cause" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_a_real_refused_connection_is_told_as_no_network(tmp_path: Path, installer: str) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--retries", "1"]
    uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--python", sys.executable, "--dry-run"]
    with pytest.raises(LaunchError, match="Installing failed: the package registry cannot be reached"):
        run_logged(
            [*(pip if installer == "pip" else uv), "--index-url", "http://127.0.0.1:9/simple", "no-such-thing"],
            doing="installing",
            log=tmp_path / "log",
            cwd=tmp_path,
            environment={"HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull, "UV_HTTP_RETRIES": "0"},
        )


def test_a_full_disk_during_a_command_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="the disk is full"):
        _run(tmp_path, "raise OSError(28, 'No space left on device')")


def test_a_step_is_done_once_for_its_inputs(tmp_path: Path) -> None:
    source, output, made = tmp_path / "source", tmp_path / "output", []
    source.mkdir()
    (source / "a.txt").write_text("1")

    def act() -> None:
        made.append(1)
        output.write_text("made")

    step = Step(title="thing", stamp=tmp_path / "stamp", output=output, inputs=(source,), act=act)
    for _ in range(2):
        run_steps([step])
    assert len(made) == 1
    (source / "a.txt").write_text("2")
    assert not is_done(step), "changed content"
    run_steps([step])
    (source / "a.txt").rename(source / "b.txt")
    assert not is_done(step), "renamed file"
    run_steps([step])
    output.unlink()
    assert not is_done(step), "output gone"
    run_steps([step])
    assert not is_done(replace(step, versions=("other",))), "another version of the tool"
    assert len(made) == 4


def test_a_failed_step_is_done_again(tmp_path: Path) -> None:
    output = tmp_path / "output"

    def fail() -> None:
        output.write_text("half of it")
        raise LaunchError("no")

    step = Step(title="thing", stamp=tmp_path / "stamp", output=output, inputs=(), act=fail)
    with pytest.raises(LaunchError):
        run_steps([step])
    assert not is_done(step)


def test_secrets_are_made_once_long_and_private(tmp_path: Path) -> None:
    path = tmp_path / "var" / "secrets.json"
    first = ensure_secrets(path)
    assert set(first) == set(SECRET_NAMES)
    assert min(len(value) for value in first.values()) >= 32
    assert len(set(first.values())) == len(SECRET_NAMES)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ensure_secrets(path) == first


def test_a_broken_secrets_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text('{"TANDEM_SHOP_API_KEY": ')
    with pytest.raises(LaunchError, match=r"secrets\.json is not readable"):
        ensure_secrets(path)
    assert path.read_text() == '{"TANDEM_SHOP_API_KEY": '


def test_a_secret_of_the_caller_wins(tmp_path: Path) -> None:
    mine = "m" * 40
    settings = read_settings({"TANDEM_VAR": str(tmp_path), "TANDEM_SHOP_API_KEY": mine})
    environment = parts_environment(settings)
    assert environment["TANDEM_SHOP_API_KEY"] == mine
    assert environment["TANDEM_VAR"] == str(tmp_path)
    assert environment["TANDEM_ENVIRONMENT"] == "development"


def test_compiled_modules_are_kept_whatever_the_caller_says(tmp_path: Path) -> None:
    settings = read_settings({"TANDEM_VAR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "7"})
    environment = parts_environment(settings)
    assert "PYTHONDONTWRITEBYTECODE" not in environment
    assert environment["PYTHONHASHSEED"] == "7"


def test_demo_passwords_are_kept_when_the_account_exists_already() -> None:
    known = [{"email": "a@x", "password": "p", "role": "agent"}]
    output = 'a log line\n{"agents": [{"email": "a@x", "password": null, "role": "agent"}, {"email": "b@x"}]}\n'
    assert merge_agents(known, agents_in(output)) == [*known, {"email": "b@x"}]
    assert agents_in("nothing here\n[1]\n") == []


def _parts(tmp_path: Path, *names: str, **urls: str) -> list[Part]:
    settings = read_settings({"TANDEM_VAR": str(tmp_path), **urls})
    return [part for part in tandem_parts(settings, {}) if part.name in names]


def test_two_parts_on_one_port_are_refused(tmp_path: Path, free_ports: list[int]) -> None:
    url = f"http://127.0.0.1:{free_ports[0]}"
    parts = _parts(tmp_path, "bot", "shop", TANDEM_SHOP_URL=url, TANDEM_BOT_URL=url)
    with pytest.raises(LaunchError, match=f"shop and bot would both use port {free_ports[0]}. Set TANDEM_SHOP_URL"):
        check_ports(parts)


def test_an_address_that_is_none_names_its_setting(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="TANDEM_BOT_URL must look like"):
        check_ports(_parts(tmp_path, "bot", TANDEM_BOT_URL="5005"))


def test_counts_of_a_real_test_run(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(
        "import pytest\n"
        "def test_good(): pass\n"
        "def test_bad(): assert False\n"
        "@pytest.fixture\ndef broken(): raise ValueError\n"
        "def test_error(broken): pass\n"
        "@pytest.mark.skip(reason='r')\ndef test_skipped(): pass\n"
    )
    report = tmp_path / "report.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:asyncio",
        f"--junitxml={report}",
        "--rootdir=.",
    ]
    code = subprocess.run([*command, "-c", os.devnull, "test_some.py"], cwd=tmp_path, capture_output=True).returncode
    assert read_counts(report) == Counts(passed=1, failed=2, skipped=1)
    assert judged(read_counts(report), code) == Counts(passed=1, failed=2, skipped=1)
    assert str(Counts(passed=1, failed=2, skipped=3)) == "1 passed, 2 failed, 3 skipped"


@pytest.mark.parametrize("code", [0, 5, 2])
def test_a_run_without_tests_is_a_failure(tmp_path: Path, code: int) -> None:
    assert judged(read_counts(tmp_path / "no report"), code).failed == 1


def _command(tmp_path: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "handoff_service.launch", *words],
        cwd=ROOT,
        env={**os.environ, "TANDEM_VAR": str(tmp_path / "var"), **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_help_lists_every_setting(tmp_path: Path) -> None:
    told = _command(tmp_path, "--help").stdout
    assert [setting.name for setting in SETTINGS if setting.name not in told] == []


def test_run_refuses_a_taken_port_before_it_prepares_anything(tmp_path: Path, free_ports: list[int]) -> None:
    names = ("KB_INDEX", "BOT", "SHOP", "GATEWAY")
    urls = {f"TANDEM_{name}_URL": f"http://127.0.0.1:{port}" for name, port in zip(names, free_ports, strict=True)}
    with socket.create_server(("127.0.0.1", free_ports[1])):
        ended = _command(tmp_path, "run", **urls)
    assert ended.returncode == 1
    assert f"bot cannot use port {free_ports[1]}" in ended.stderr
    assert "Preparing" not in ended.stdout


def test_clean_keeps_databases_and_secrets(tmp_path: Path) -> None:
    var = tmp_path / "var"
    for made in ("bot/models", "kb_index", "logs", "stamps"):
        (var / made).mkdir(parents=True)
    (var / "handoff.sqlite").write_text("rows")
    (var / "secrets.json").write_text(json.dumps({}))
    clean(read_settings({"TANDEM_VAR": str(var)}, root=tmp_path))
    assert sorted(path.name for path in var.iterdir()) == ["handoff.sqlite", "secrets.json"]
