"""From a fresh clone to the first start: environments, pages, model, index, database, demo data."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Mapping
from typing import Any

from handoff_service.launch.commands import run_logged
from handoff_service.launch.credentials import parts_environment, read_credentials, write_credentials
from handoff_service.launch.environments import environment_steps
from handoff_service.launch.errors import LaunchError
from handoff_service.launch.settings import Settings
from handoff_service.launch.steps import Step, run_steps
from handoff_service.launch.web import web_steps


def prepare(settings: Settings, *, content: bool = True) -> None:
    """Does all steps that are not done yet; two launchers that prepare the same checkout take turns.

    Without `content` model and index are left as they are.
    """
    try:
        settings.var.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LaunchError(
            f"The state folder {settings.var} cannot be made ({error.strerror}); set TANDEM_VAR to another."
        ) from error
    print("Preparing (the first time takes some minutes, later nothing)", flush=True)
    # The environments belong to the checkout, not to the state folder, and so does this lock.
    with (settings.root / "requirements.lock").open("rb") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        run_steps(environment_steps(settings))
        run_steps(web_steps(settings))
        if content:
            run_steps(content_steps(settings))


def content_steps(settings: Settings) -> list[Step]:
    """The trained model and the built index, which live in the state folder."""
    root, var = settings.root, settings.var
    return [
        Step(
            title="Rasa model",
            stamp=var / "stamps" / "model",
            output=var / "bot" / "models",
            inputs=(root / "config.yml", root / "bot", root / "data" / "training"),
            # A live model that this code can run goes on when the gate refuses the new one.
            act=lambda: run_module(
                settings, settings.bot_python, ["bot", "train", "--or-keep"], doing="training the bot"
            ),
        ),
        Step(
            title="knowledge index",
            stamp=var / "stamps" / "index",
            output=var / "kb_index",
            inputs=(root / "kb_index", *(root / "data" / name for name in ("kb", "background", "mood"))),
            versions=tuple(
                f"{name}={value}"
                for name, value in sorted(settings.environ.items())
                if name.startswith("TANDEM_KB_") and name != "TANDEM_KB_INDEX_URL"
            ),
            act=lambda: run_module(
                settings,
                settings.python,
                ["kb_index", "build", "--if-changed"],
                doing="building the knowledge index",
            ),
        ),
    ]


def run_module(settings: Settings, python: str, words: list[str], *, doing: str) -> str:
    """Runs `python -m <words>` with the environment of the parts and returns its output."""
    return run_logged(
        [python, "-m", *words],
        doing=doing,
        log=settings.logs / "setup.log",
        cwd=settings.root,
        environment=parts_environment(settings),
    )


def prepare_database(settings: Settings) -> None:
    """Migrations and the demo tenant; both do nothing when they have been done."""
    run_module(settings, settings.python, ["handoff_service", "migrate"], doing="migrating the database")
    seeded = run_module(settings, settings.python, ["handoff_service", "seed-demo"], doing="making the demo tenant")
    path = settings.var / "secrets.json"
    held = read_credentials(path)
    agents = merge_agents(held.get("agents", []), agents_in(seeded))
    if agents != held.get("agents"):
        write_credentials(path, {**held, "agents": agents})
    print("  ✓ database and demo tenant", flush=True)


def agents_in(output: str) -> list[dict[str, Any]]:
    """The agents of the JSON line {"agents": […]} among the lines that seed-demo printed, [] without one."""
    for line in reversed(output.splitlines()):
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict) and isinstance(told.get("agents"), list):
            return [agent for agent in told["agents"] if isinstance(agent, dict) and "email" in agent]
    return []


def merge_agents(known: list[dict[str, Any]], told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Passwords are told once, when an account is made; what was known before stays known."""
    by_email: dict[str, dict[str, Any]] = {agent["email"]: dict(agent) for agent in known}
    for agent in told:
        fresh = {name: value for name, value in agent.items() if value}
        by_email[agent["email"]] = {**by_email.get(agent["email"], {}), **fresh}
    return list(by_email.values())


def addresses(settings: Settings, held: Mapping[str, Any]) -> str:
    """What a person opens next, with the demo log-ins."""
    lines = [
        "",
        "Tandem is ready.",
        f"  Shop page with the widget   {settings.shop_url}/   (English: {settings.shop_url}/en)",
        f"  Agent console               {settings.gateway_url}/console/",
    ]
    for agent in held.get("agents", []):
        who = f"Demo {agent.get('role', 'agent')}"
        lines.append(f"  {who:26}  {agent['email']}  password {agent.get('password', '(set earlier)')}")
    lines += [f"  Logs                        {settings.logs}", "Ctrl-C stops everything."]
    return "\n".join(lines)
