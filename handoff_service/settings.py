"""Typed settings of the gateway, read from TANDEM_* environment variables."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

import limits
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from handoff_service.failpoints import any_armed

DEVELOPMENT_SECRET = "only-for-development-only-for-development"


class Settings(BaseSettings):
    """Durations in seconds. Outside development a default or short secret is refused at the start."""

    model_config = SettingsConfigDict(env_prefix="TANDEM_", extra="ignore")

    environment: Literal["development", "production"] = "development"
    gateway_url: str = "http://127.0.0.1:8080"
    gateway_listen: str = ""
    kb_index_url: str = "http://127.0.0.1:8081"
    bot_url: str = "http://127.0.0.1:5005"
    shop_url: str = "http://127.0.0.1:8082"
    kb_token: SecretStr = SecretStr("")
    shop_api_key: SecretStr = SecretStr("")
    shop_tenants: str = ""
    var: Path = Path("var")
    database_url: str = ""
    bell_url: str = ""
    identity_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    encryption_key: SecretStr = SecretStr(DEVELOPMENT_SECRET)

    bot_soft_s: float = 8.0
    bot_hard_s: float = 20.0
    bot_quiet_s: float = Field(default=1.2, ge=0)
    bot_quiet_most_s: float = Field(default=4.0, ge=0)
    reply_deadline_s: float = 45.0
    offer_s: float = 30.0
    agent_grace_s: float = 60.0
    desk_lease_s: float = 45.0
    queue_check_s: float = 60.0
    long_wait_s: float = 900.0
    notify_s: float = Field(default=20.0, gt=0)
    take_s: float = Field(default=120.0, gt=0)
    bot_idle_s: float = 1800.0
    solved_idle_s: float = 300.0
    agent_idle_s: float = 86400.0
    reopen_s: float = 86400.0
    message_due_s: float = 172800.0
    delivery_deadline_s: float = 14400.0
    session_idle_s: float = 1800.0
    session_max_s: float = 43200.0
    visitor_token_s: float = 30 * 86400.0
    sweep_s: float = 1.0
    kb_copy_s: float = Field(default=60.0, gt=0)
    node_lost_s: float = Field(default=10.0, gt=0)
    socket_poll_s: float = 10.0

    training_tenants: str = ""
    training_four_eyes: bool = True

    metrics_token: SecretStr = SecretStr("")
    stun_urls: tuple[str, ...] = ()
    turn_urls: tuple[str, ...] = ()
    turn_secret: SecretStr = SecretStr("")
    otlp_endpoint: str = ""
    handoffs_per_hour: int = Field(default=4, ge=1)
    transfers_per_hour: int = Field(default=6, ge=1)
    escalate_due_s: float = Field(default=14400.0, gt=0)
    bot_calls: int = Field(default=32, ge=1)
    breaker_failures: int = Field(default=5, ge=1)
    breaker_open_s: float = Field(default=5.0, gt=0)

    limit_sign_in: str = "5/5minutes"
    limit_messages: str = "30/10seconds"
    limit_visitors: str = "600/hour"
    limit_frames: str = "60/3seconds"
    limit_api: str = "600/minute"
    limit_letters: str = "5/hour"
    limit_sockets: int = Field(default=20, ge=1)
    file_max_bytes: int = Field(default=10 * 1024 * 1024, ge=1)
    files_url: str = Field(default="", pattern=r"^(s3://[A-Za-z0-9._-]+(/[A-Za-z0-9._/-]*)?)?$")
    file_scan: str = ""
    media_max_bytes: int = Field(default=20 * 1024 * 1024, ge=1)
    most_sockets: int = Field(default=12000, ge=1)

    @model_validator(mode="after")
    def _refuse_default_secrets(self) -> Self:
        secret = self.identity_secret.get_secret_value()
        if self.environment == "production" and (secret == DEVELOPMENT_SECRET or len(secret) < 32):
            raise ValueError("TANDEM_IDENTITY_SECRET must be at least 32 random characters outside development")
        keys = self.encryption_key.get_secret_value().split(",")
        if self.environment == "production" and any(key == DEVELOPMENT_SECRET or len(key.strip()) < 32 for key in keys):
            raise ValueError("TANDEM_ENCRYPTION_KEY must be at least 32 random characters outside development")
        if self.environment == "production" and any_armed():
            raise ValueError("TANDEM_FAILPOINTS is for tests only; unset it")
        return self

    @field_validator("limit_sign_in", "limit_messages", "limit_visitors", "limit_frames", "limit_api", "limit_letters")
    @classmethod
    def _is_a_limit(cls, value: str) -> str:
        try:
            limits.parse(value)
        except ValueError as error:
            raise ValueError(f"{value!r} is not a limit such as 30/10seconds") from error
        return value

    @field_validator("database_url")
    @classmethod
    def _is_a_known_database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:", "postgresql:")):
            raise ValueError("use sqlite:///… or postgresql://…")
        return value

    @model_validator(mode="after")
    def _bell_has_gateways(self) -> Self:
        if self.bell_url and not self.bell_url.startswith(("valkey://", "valkeys://", "unix://")):
            raise ValueError("TANDEM_BELL_URL: use valkey://…, valkeys://… (TLS) or unix://…")
        if self.bell_url and not self.database_url.startswith("postgresql:"):
            raise ValueError(
                "TANDEM_BELL_URL is for several gateways, which share a TANDEM_DATABASE_URL=postgresql://…"
            )
        return self

    @property
    def listen(self) -> tuple[str, int]:
        """Host and port to listen on: TANDEM_GATEWAY_LISTEN behind a proxy, else those of the public address."""
        address = urlsplit(f"//{self.gateway_listen}" if self.gateway_listen else self.gateway_url)
        return address.hostname or "127.0.0.1", address.port or 8080

    @property
    def database(self) -> str:
        """The SQLAlchemy address: TANDEM_DATABASE_URL, or a SQLite file in the state folder."""
        return self.database_url or f"sqlite:///{self.var.resolve() / 'handoff.sqlite'}"
