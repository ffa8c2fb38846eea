"""`make test`, `make check` and the programs that need the parts."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from handoff_service.launch.credentials import parts_environment
from handoff_service.launch.debian import ensure_browser, find_browser
from handoff_service.launch.junit import Counts
from handoff_service.launch.parts import tandem_parts
from handoff_service.launch.prepare import prepare_database
from handoff_service.launch.run import Run, show
from handoff_service.launch.running import read_running
from handoff_service.launch.second_try import MOST, cache_of, forget, judge
from handoff_service.launch.settings import Settings
from handoff_service.launch.supervise import supervise
from handoff_service.launch.web import npm_command, npm_environment

# Most tests wait for processes more than they compute; tests/conftest.py says which files begin.
WORKERS = (os.cpu_count() or 1) + 2
SEVERAL_FILES_AT_ONCE = ("-n", str(WORKERS), "--dist", "loadfile", "--no-loadscope-reorder")
# Each has the real bot, or the whole product, for itself.
TWO_FILES_AT_ONCE = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
# From the repository root, because the bot's tests have a configuration of their own.
BOT_TESTS = ("-m", "pytest", "-q", "-c", "bot/pytest.ini", "--rootdir", ".")


def own_environment(settings: Settings) -> dict[str, str]:
    """What tests and programs get: the environment of the parts, and the browser that was found."""
    browser = find_browser()
    return {**parts_environment(settings), **({"TANDEM_CHROMIUM": browser} if browser else {})}


def test(settings: Settings) -> int:
    """All tests of the pages and both environments; the last line sums up; 1 when any failed or none ran."""
    ensure_browser(settings)
    reports = settings.var / "reports"
    reports.mkdir(parents=True, exist_ok=True)
    return summed_up(_test_runs(settings, reports), show)


def summed_up(runs: Sequence[Run], show: Callable[[Run], int]) -> int:
    """Plays the runs, then alone what fell in the crowd of one, and prints the sum in the last line.

    1 when any test failed, more than MOST passed only alone, or none ran.
    """
    for run in runs:
        forget(run)
    total = Counts()
    rows: list[str] = []
    for run in runs:
        begun = time.monotonic()
        counts = judge(run, show(run), show)
        total += counts
        verdict = "FAILED" if counts.failed else "ALONE" if counts.alone else "ok"
        rows.append(f"  {verdict:7}{run.title:32}{counts}  ({time.monotonic() - begun:.0f} s)")
    if len(total.alone) > MOST:
        rows.append(f"  FAILED {len(total.alone)} tests passed only alone; {MOST} may.")
    print("\n=== summary ===", *rows, sep="\n")
    print(total, flush=True)
    return int(total.failed > 0 or total.passed == 0 or len(total.alone) > MOST)


def _test_runs(settings: Settings, reports: Path) -> list[Run]:
    """The runs of `make test`. One after the other: on two cores the first alone keeps both busy."""
    # Tracebacks without column marks: Python 3.11 finds them with a parser that two threads must not use at once, and
    # pytest reports a failure with the same one while a gateway in a thread logs an error (SystemError: AST …).
    environment = {**own_environment(settings), "PYTHONNODEBUGRANGES": "1"}
    npm = npm_environment(settings)
    web = reports / "web.xml"
    vitest = ["--", "--reporter=default", "--reporter=junit", f"--outputFile.junit={web}"]
    pytest = [settings.python, "-m", "pytest", "-q"]

    def pages(title: str, *words: str, report: Path | None = None) -> Run:
        command = npm_command(settings, *words)
        return Run(title=title, command=command, cwd=settings.web, environment=npm, report=report)

    def tests(title: str, name: str, *words: str, alone: Sequence[str] = ()) -> Run:
        report = reports / f"{name}.xml"
        noted = ["-o", f"cache_dir={cache_of(report)}"] if alone else []
        command = [*alone, *words, f"--junitxml={report}", *noted]
        return Run(title=title, command=command, cwd=settings.root, environment=environment, report=report, alone=alone)

    return [
        tests("tests", "main", *SEVERAL_FILES_AT_ONCE, "tests", "--ignore=tests/end_to_end", alone=pytest),
        pages("web types", "run", "check"),
        pages("web tests", "test", *vitest, report=web),
        tests("bot tests (Python 3.10, Rasa)", "bot", settings.bot_python, *BOT_TESTS, *TWO_FILES_AT_ONCE, "tests/bot"),
        tests("the whole product", "whole", *TWO_FILES_AT_ONCE, "tests/end_to_end", alone=pytest),
    ]


def check(settings: Settings) -> int:
    """Style, types and house rules; 1 when any of them finds something."""
    root, environment = settings.root, own_environment(settings)

    def python(title: str, *words: str) -> Run:
        return Run(title=title, command=[settings.python, "-m", *words], cwd=root, environment=environment)

    runs = [
        python("ruff check", "ruff", "check", "."),
        python("ruff format", "ruff", "format", "--check", "."),
        python("mypy", "mypy"),
        Run(
            title="web types",
            command=npm_command(settings, "run", "check"),
            cwd=settings.web,
            environment=npm_environment(settings),
        ),
        python("house rules", "pytest", "-q", "tests/test_house_rules.py"),
    ]
    failed = [run.title for run in runs if show(run) != 0]
    print(f"\n{'Failed: ' + ', '.join(failed) if failed else 'All checks passed.'}", flush=True)
    return int(bool(failed))


def evaluate(settings: Settings) -> int:
    """The figures of the knowledge index and the bot, and which goals they reach; 1 when one is worse than it was."""
    environment = own_environment(settings)
    folder = environment.get("TANDEM_DEVELOPMENT_SETS", "")
    commands = {
        "knowledge index": [settings.python, "-m", "kb_index", "evaluate", "--pictures", "docs/answers"],
        "bot": [settings.bot_python, "-m", "bot", "evaluate", "--python", str(settings.python)],
        "handoff packets": [settings.python, "-m", "handoff_service", "packets"],
        "promises in text": [settings.python, "-m", "handoff_service", "promises"],
    }
    if folder:
        commands["public question sets"] = [settings.python, "-m", "kb_index", "evaluate", "--development", folder]
    codes = [
        show(Run(title=title, command=command, cwd=settings.root, environment=environment))
        for title, command in commands.items()
    ]
    if not folder:
        print("\nPublic question sets were not measured: name a folder that holds some in TANDEM_DEVELOPMENT_SETS.")
    return int(any(codes))


def simulate(settings: Settings, dialogues: int, seed: str = "") -> int:
    """Simulated customers against the real bot; 1 when one was refused a human, led in circles or done wrong to."""
    words = ["--dialogues", str(dialogues), "--python", settings.python, *(["--seed", seed] if seed else [])]
    command = [settings.bot_python, "-m", "bot", "simulate", *words]
    return show(
        Run(title="simulated customers", command=command, cwd=settings.root, environment=own_environment(settings))
    )


def bot(settings: Settings, *words: str) -> int:
    """Runs one of the bot's own commands."""
    return subprocess.run(
        [settings.bot_python, "-m", "bot", *words], cwd=settings.root, env=own_environment(settings)
    ).returncode


def program(settings: Settings, module: str, arguments: Sequence[str] = ()) -> int:
    """Runs a module of the main environment."""
    return subprocess.run(
        [settings.python, "-m", module, *arguments], cwd=settings.root, env=own_environment(settings)
    ).returncode


def program_with_parts(settings: Settings, module: str, arguments: Sequence[str] = ()) -> int:
    """Runs a module against the parts that run on this state folder, else starts and stops them around it."""
    running = read_running(settings.var)
    if running is not None and running["ready"]:
        print(f"Using the parts of process {running['launcher']}.", flush=True)
        return program(settings, module, arguments)
    environment = own_environment(settings)
    prepare_database(settings)

    async def run() -> int:
        process = await asyncio.create_subprocess_exec(
            settings.python, "-m", module, *arguments, cwd=settings.root, env=environment
        )
        try:
            return await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()

    code = supervise(tandem_parts(settings, parts_environment(settings)), var=settings.var, once_ready=run)
    return 130 if code is None else code
