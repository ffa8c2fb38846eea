"""A tenant: one client company, and what is configured for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

Localized = Mapping[str, str]


class QueueSettings(BaseModel):
    """A queue: `claim` shows a handoff to all its agents, `offer` pushes it to the best one with a deadline."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    mode: Literal["claim", "offer"] = "claim"


class WrapUpCode(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    zh: str
    en: str


class TenantSettings(BaseModel):
    """Everything that a tenant may configure; stored as JSON in the tenants table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Localized
    languages: tuple[str, ...] = ("zh", "en")
    timezone: str = "Asia/Shanghai"
    allowed_origins: tuple[str, ...] = ()
    greeting: Localized
    suggestions: Mapping[str, tuple[str, ...]]
    queues: tuple[QueueSettings, ...] = Field(min_length=1)
    wrap_up_codes: tuple[WrapUpCode, ...] = Field(min_length=1)
    retention_days: int | None = Field(None, ge=1)  # closed conversations are erased after it; None keeps them

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"there is no time zone {value!r}; use a name such as Asia/Shanghai") from error
        return value

    @property
    def default_queue(self) -> QueueSettings:
        return self.queues[0]

    def queue(self, name: str) -> QueueSettings | None:
        return next((queue for queue in self.queues if queue.id == name), None)


class Tenant(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    settings: TenantSettings
