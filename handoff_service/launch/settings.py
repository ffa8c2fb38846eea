"""Settings of the launcher, read from TANDEM_* environment variables, and the list that `--help` prints."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from handoff_service.launch.errors import LaunchError

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One environment variable: its default ("" = none) and what it does."""

    name: str
    default: str
    meaning: str


SETTINGS = (
    Setting(name="TANDEM_VAR", default="var", meaning="folder for the state: databases, models, index, logs"),
    Setting(
        name="TANDEM_GATEWAY_URL",
        default="http://127.0.0.1:8080",
        meaning="address of the gateway (handoff_service)",
    ),
    Setting(name="TANDEM_KB_INDEX_URL", default="http://127.0.0.1:8081", meaning="address of the knowledge index"),
    Setting(name="TANDEM_SHOP_URL", default="http://127.0.0.1:8082", meaning="address of the demo shop"),
    Setting(name="TANDEM_BOT_URL", default="http://127.0.0.1:5005", meaning="address of the Rasa bot"),
    Setting(
        name="TANDEM_REPLICA_URL",
        default="http://127.0.0.1:8090",
        meaning="address of the second gateway of run-replicas",
    ),
    Setting(
        name="TANDEM_SERVERS_URL",
        default="http://127.0.0.1:8091",
        meaning="where its PostgreSQL and Valkey report; Valkey has the next port",
    ),
    Setting(
        name="TANDEM_DATABASE_URL",
        default="",
        meaning="database of the gateway; empty: SQLite in TANDEM_VAR",
    ),
    Setting(
        name="TANDEM_ENVIRONMENT",
        default="development",
        meaning="development or production; production refuses weak secrets",
    ),
    Setting(
        name="TANDEM_PYTHON310",
        default="",
        meaning="path of the Python 3.10 that runs Rasa; empty: look for one",
    ),
    Setting(
        name="TANDEM_START_S",
        default="180",
        meaning="seconds that a part may take until it is ready",
    ),
    Setting(
        name="TANDEM_IDENTITY_SECRET",
        default="",
        meaning="shared with the shop for signed customers; empty: made once",
    ),
    Setting(name="TANDEM_SHOP_API_KEY", default="", meaning="opens the shop's order API to the bot; as above"),
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the launcher needs to know; every path is absolute."""

    root: Path
    var: Path
    gateway_url: str
    kb_index_url: str
    shop_url: str
    bot_url: str
    replica_url: str
    servers_url: str
    start_s: float
    python310: str
    environ: Mapping[str, str]

    @property
    def venv(self) -> Path:
        """The environment of kb_index, handoff_service and the tests."""
        return self.root / ".venv"

    @property
    def python(self) -> str:
        """The Python of kb_index, handoff_service and the tests."""
        return str(self.venv / "bin" / "python")

    @property
    def bot_venv(self) -> Path:
        """The environment of Rasa."""
        return self.root / "bot" / ".venv"

    @property
    def bot_python(self) -> str:
        """The Python 3.10 of Rasa."""
        return str(self.bot_venv / "bin" / "python")

    @property
    def web(self) -> Path:
        """The sources of the widget and the console."""
        return self.root / "handoff_service" / "web"

    @property
    def logs(self) -> Path:
        """One file for each part, and setup.log."""
        return self.var / "logs"


def read_settings(environ: Mapping[str, str] = os.environ, *, root: Path = ROOT) -> Settings:
    """Settings from the environment, defaults from SETTINGS; LaunchError when a value makes no sense."""
    given = {setting.name: environ.get(setting.name) or setting.default for setting in SETTINGS}
    try:
        start_s = float(given["TANDEM_START_S"])
    except ValueError:
        raise LaunchError(f"TANDEM_START_S must be a number of seconds, not {given['TANDEM_START_S']!r}.") from None
    return Settings(
        root=root,
        var=(root / given["TANDEM_VAR"]).absolute(),
        gateway_url=given["TANDEM_GATEWAY_URL"].rstrip("/"),
        kb_index_url=given["TANDEM_KB_INDEX_URL"].rstrip("/"),
        shop_url=given["TANDEM_SHOP_URL"].rstrip("/"),
        bot_url=given["TANDEM_BOT_URL"].rstrip("/"),
        replica_url=given["TANDEM_REPLICA_URL"].rstrip("/"),
        servers_url=given["TANDEM_SERVERS_URL"].rstrip("/"),
        start_s=start_s,
        python310=given["TANDEM_PYTHON310"],
        environ=dict(environ),
    )


def settings_help() -> str:
    """The table under `--help`."""
    lines = ["settings (environment variables):"]
    for setting in SETTINGS:
        default = f" (default {setting.default})" if setting.default else ""
        lines.append(f"  {setting.name:24}{setting.meaning}{default}")
    return "\n".join(lines)
