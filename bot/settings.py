"""The bot's settings, read from the environment once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent


class BadSetting(Exception):
    """A setting cannot be used; the text names it and what to do."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Addresses, keys, folders and time limits (seconds)."""

    host: str
    port: int
    kb_index_url: str
    kb_timeout: float
    shop_url: str
    shop_api_key: str
    shop_timeout: float
    var: Path
    patches_off: frozenset[str]

    @property
    def models(self) -> Path:
        """Where the trained model lives."""
        return self.var / "bot" / "models"

    @classmethod
    def from_environment(cls, env: Mapping[str, str] = os.environ) -> "Settings":
        """Read TANDEM_* variables; raises BadSetting."""
        host, port = listen_address(env.get("TANDEM_BOT_URL", "http://127.0.0.1:5005"))
        return cls(
            host=host,
            port=port,
            kb_index_url=env.get("TANDEM_KB_INDEX_URL", "http://127.0.0.1:8081"),
            kb_timeout=seconds(env, "TANDEM_BOT_KB_TIMEOUT", 2.0),
            shop_url=env.get("TANDEM_SHOP_URL", "http://127.0.0.1:8082"),
            shop_api_key=env.get("TANDEM_SHOP_API_KEY", ""),
            shop_timeout=seconds(env, "TANDEM_BOT_SHOP_TIMEOUT", 5.0),
            var=Path(env.get("TANDEM_VAR", str(ROOT / "var"))),
            patches_off=frozenset(filter(None, env.get("TANDEM_BOT_PATCHES_OFF", "").split(","))),
        )


def listen_address(url: str) -> tuple[str, int]:
    """Host and port of the bot's own address; only loopback, because whoever reaches the bot speaks as any customer."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BadSetting(f"TANDEM_BOT_URL={url!r} is not an address: {error}") from error
    if parts.scheme != "http" or host is None or port is None:
        raise BadSetting(f"TANDEM_BOT_URL={url!r}: give it as http://127.0.0.1:5005")
    if host not in ("127.0.0.1", "localhost", "::1"):
        raise BadSetting(f"TANDEM_BOT_URL={url!r}: the bot listens on loopback only; use 127.0.0.1")
    return host, port


def seconds(env: Mapping[str, str], name: str, default: float) -> float:
    """A positive number of seconds; raises BadSetting."""
    text = env.get(name, str(default))
    try:
        value = float(text)
    except ValueError as error:
        raise BadSetting(f"{name}={text!r} is not a number of seconds") from error
    if not 0 < value < 60:  # Rasa's conversation lock lives 60 s
        raise BadSetting(f"{name}={text!r}: give more than 0 and less than 60 seconds")
    return value
