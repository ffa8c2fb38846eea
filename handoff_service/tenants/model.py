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


class BotSettings(BaseModel):
    """When the bot gives up, and what it may say; what is not set has the default of the bot's own code.

    Each description tells what a change costs; `python -m handoff_service signals` prints them beside the counts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    misses: int | None = Field(
        default=None,
        ge=1,
        le=9,
        description="Questions without an answer until a person is offered (2). "
        "Less: people get what one more try would have answered. More: customers ask the same once more and leave.",
    )
    tries: int | None = Field(
        default=None,
        ge=1,
        le=9,
        description="Tries to fill one blank of a form (2). Less: slips of the pen go to people. "
        "More: who cannot give it is asked again and again.",
    )
    unhappy: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Probability of an unhappy message from which a person takes over "
        "(0.52, TANDEM_KB_UNHAPPY_THRESHOLD). Lower: fewer angry customers are missed, more calm ones go to people; "
        "`make evaluate` prints the curve.",
    )
    repeats: int | None = Field(
        default=None,
        ge=2,
        le=9,
        description="How often the same may be asked until that counts as unsure (3). Less: an echo of the network or "
        "an impatient customer goes to people. More: a wrong answer is given once more.",
    )
    trend: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Mean mood of the last messages from which a person takes over (0.4). Lower: who grumbles on is "
        "helped sooner, and some who only sound curt go to people too.",
    )
    ambiguity: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="Two meanings whose probabilities are closer than this are not told apart (0.08). "
        "More: more is asked back. Less: more is misread.",
    )
    slow_ms: int | None = Field(
        default=None,
        ge=100,
        le=60_000,
        description="A turn that took longer counts as a failing (4000). It is reported; nobody waits for it.",
    )
    same_line: int | None = Field(
        default=None,
        ge=1,
        le=10,
        description="How often one and the same line is answered (2). Less: an impatient customer is offered a person "
        "sooner. More: a loop of two programs lasts longer.",
    )
    insults: int | None = Field(
        default=None,
        ge=1,
        le=20,
        description="Insults that are taken before they get no answer any more (3); a person stays one step away.",
    )
    emergency: Mapping[str, Mapping[str, str]] = Field(
        default={},
        description="By language and kind of emergency (medical, fire, police, self_harm, legal) the number "
        "that is said. A wrong one costs lives: set those of the country where the customers are.",
    )
    channel_chars: int | None = Field(
        default=None,
        ge=50,
        le=8000,
        description="Characters of one message (600). Less: answers are cut to their beginning. "
        "More: what a phone does not show at once is not read.",
    )

    def policy(self) -> dict[str, object]:
        """What is set, as the contract *turn* takes it."""
        return {name: value for name, value in self.model_dump(mode="json").items() if value not in (None, {})}


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
    bot: BotSettings = Field(BotSettings(), exclude_if=lambda bot: not bot.policy())
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
