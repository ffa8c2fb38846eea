"""A tenant: one client company, and what is configured for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

Localized = Mapping[str, str]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Opening(BaseModel):
    """From when to when, on which days, in the tenant's time zone: {"days": ["mon"], "from": "09:00", "to": "18:00"}.

    `to` is the first moment at which it is closed, "24:00" at the latest; at or before `from` it is on the next day.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    days: tuple[Day, ...] = Field(min_length=1)
    opens: str = Field(alias="from", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    closes: str = Field(alias="to", pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")


class QueueSettings(BaseModel):
    """A queue: `claim` shows a handoff to all its agents, `offer` pushes it to the best one with a deadline.

    It is open in its `hours`; without any, always.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    mode: Literal["claim", "offer"] = "claim"
    hours: tuple[Opening, ...] = Field((), exclude_if=lambda hours: not hours)


class WrapUpCode(BaseModel):
    """How a conversation ended; `survey`: whether the customer is then asked what he thought of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    zh: str
    en: str
    survey: bool = Field(True, exclude_if=lambda survey: survey)


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

    def hours(self, queue: str | None) -> tuple[Opening, ...]:
        """When a queue is open; a queue that was taken away is open for those who still wait in it."""
        found = self.queue(queue or "")
        return found.hours if found else ()

    def wants_survey(self, wrap_up: str | None) -> bool:
        """Whether a customer is asked what he thought of a conversation that ended with this code."""
        return all(code.survey for code in self.wrap_up_codes if code.id == wrap_up)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Tenant(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    settings: TenantSettings
