"""Settings of the shop, read from TANDEM_* environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

SECRETS = ("TANDEM_SHOP_API_KEY", "TANDEM_IDENTITY_SECRET")


class BadSettings(Exception):
    """A sentence for the person who starts the shop."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`api_key` opens the order API; `identity_secret` signs customers for the widget (both ≥ 32 characters)."""

    shop_url: str
    gateway_url: str
    var: Path
    api_key: str = field(repr=False)
    identity_secret: str = field(repr=False)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        pieces = urlsplit(self.shop_url)
        return pieces.hostname or "127.0.0.1", pieces.port or 80


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """BadSettings when a secret is missing or short: the shop has no default secrets, not even for development."""
    for name in SECRETS:
        if len(environ.get(name, "")) < 32:
            raise BadSettings(
                f"{name} must hold at least 32 random characters. `make run` makes one and keeps it in "
                "var/secrets.json; set the variable when the shop is started alone."
            )
    return Settings(
        shop_url=environ.get("TANDEM_SHOP_URL", "http://127.0.0.1:8082").rstrip("/"),
        gateway_url=environ.get("TANDEM_GATEWAY_URL", "http://127.0.0.1:8080").rstrip("/"),
        var=Path(environ.get("TANDEM_VAR", "var")).absolute(),
        api_key=environ["TANDEM_SHOP_API_KEY"],
        identity_secret=environ["TANDEM_IDENTITY_SECRET"],
    )
