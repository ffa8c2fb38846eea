"""A tenant: one client company, and what is configured for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from handoff_service.calendars.model import Calendar, calendar_of
from handoff_service.calendars.settings import CalendarSettings, Opening, known_zone
from handoff_service.complaints.settings import ComplaintSettings
from handoff_service.desk.settings import DeskSettings
from handoff_service.promises.settings import PromiseSettings, Target, check_targets
from handoff_service.tenants.routing import CapacityWeights, LastAgent, Overflow, Peak, SkillNeed, check_overflows
from handoff_service.tenants.tone import Tone, check_tone
from handoff_service.tenants.widget import WidgetSettings, check_services
from handoff_service.tenants.wording import CannedReply, Named, check_wording
from handoff_service.tickets.settings import TicketSettings

Localized = Mapping[str, str]
MOST_HEAT = 20  # without a limit; a release that knows no 0 reads this
MailAddress = Annotated[str, Field(max_length=254, pattern=r"^[^\s<>@,;]{1,64}@[A-Za-z0-9.-]{1,190}$")]
NUMBER_CHARS = 40
EmergencyNumber = Annotated[
    str, Field(min_length=1, max_length=NUMBER_CHARS)
]  # others the bot refuses, with every turn
SPAM = "spam"  # how conversations of a contact end who is blocked: nobody asks him what he thought


class QueueSettings(BaseModel):
    """A queue: `claim` shows a handoff to all its agents, `offer` pushes it to the best one with a deadline.

    It is open as its `calendar` says, or in its `hours`; without either, always.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    mode: Literal["claim", "offer"] = "claim"
    hours: tuple[Opening, ...] = Field((), exclude_if=lambda hours: not hours)
    calendar: str | None = Field(None, exclude_if=lambda calendar: calendar is None)  # of the tenant's `calendars`
    tier: int = Field(1, ge=1, le=5, exclude_if=lambda tier: tier == 1)  # 1 front line, 2 senior
    accept_s: int | None = Field(None, ge=5, le=300, exclude_if=lambda given: given is None)  # TANDEM_OFFER_S
    skills: tuple[SkillNeed, ...] = Field((), exclude_if=lambda skills: not skills)
    overflow: Overflow | None = Field(None, exclude_if=lambda given: given is None)
    # Angry ones in a row; 0, and what it is stored as, the most: as many as come.
    heat: Annotated[int, BeforeValidator(lambda most: MOST_HEAT if most == 0 else most)] = Field(
        3, ge=1, le=MOST_HEAT, exclude_if=lambda most: most == 3
    )
    ageing_s: int = Field(300, ge=1, le=3600, exclude_if=lambda worth: worth == 300)  # what a class is worth
    last_agent: LastAgent | None = Field(None, exclude_if=lambda given: given is None)
    peak: Peak | None = Field(None, exclude_if=lambda given: given is None)
    missed_away: int = Field(3, ge=0, le=20, exclude_if=lambda most: most == 3)  # ignored offers until away; 0: never
    # An agent who has said nothing for so long loses the customer to another one; 0: never.
    first_reply_s: int = Field(600, ge=0, le=86_400, exclude_if=lambda time: time == 600)
    # Whether a ticket of this queue that nobody has is given to somebody who is there, instead of waiting to be taken.
    assign_tickets: bool = Field(False, exclude_if=lambda given: not given)
    # Who is written to when nobody looks at a waiting customer; without any its supervisors.
    alert_mail: tuple[MailAddress, ...] = Field((), max_length=10, exclude_if=lambda given: not given)

    @model_validator(mode="after")
    def _has_one_plan(self) -> Self:
        if self.hours and self.calendar is not None:
            raise ValueError(f"queue {self.id} has `hours` and a `calendar`; move the hours into the calendar")
        return self


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
        description="Questions in a row without an answer at which a person takes over (2); before, one is offered. "
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
        "(0.42, TANDEM_KB_UNHAPPY_THRESHOLD). Lower: fewer angry customers are missed, more calm ones go to people; "
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
    emergency: Mapping[str, Mapping[str, EmergencyNumber]] = Field(
        default={},
        description="By language and kind of emergency (medical, fire, police, self_harm, violence, fraud, legal) the "
        "number that is said. A wrong one costs lives: set those of the country where the customers are.",
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
    calendars: Mapping[str, CalendarSettings] = Field({}, exclude_if=lambda calendars: not calendars)
    sla: tuple[Target, ...] = Field((), exclude_if=lambda targets: not targets)
    promises: PromiseSettings = Field(PromiseSettings(), exclude_if=lambda rules: rules == PromiseSettings())
    capacity: CapacityWeights = Field(CapacityWeights(), exclude_if=lambda weights: weights.is_plain())
    tickets: TicketSettings = Field(TicketSettings(), exclude_if=lambda tickets: tickets == TicketSettings())
    complaints: ComplaintSettings = Field(ComplaintSettings(), exclude_if=lambda rules: rules == ComplaintSettings())
    skills: tuple[Named, ...] = Field((), exclude_if=lambda skills: not skills)
    tags: tuple[Named, ...] = Field((), exclude_if=lambda tags: not tags)
    canned_replies: tuple[CannedReply, ...] = Field((), exclude_if=lambda replies: not replies)
    tone: Tone = Field(Tone(), exclude_if=lambda tone: tone == Tone())
    desk: DeskSettings = Field(DeskSettings(), exclude_if=lambda desk: desk == DeskSettings())
    widget: WidgetSettings = Field(WidgetSettings(), exclude_if=lambda widget: widget == WidgetSettings())
    retention_days: int | None = Field(None, ge=1)  # closed conversations are erased after it; None keeps them

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        return known_zone(value)

    @model_validator(mode="after")
    def _names_what_exists(self) -> Self:
        check_overflows({queue.id: queue.overflow for queue in self.queues})
        needs = {queue.id: [need.skill for need in queue.skills] for queue in self.queues}
        check_wording(needs, self.skills, self.tags, self.canned_replies)
        check_targets(self.sla, [queue.id for queue in self.queues])
        check_tone(self.tone)
        check_services([one.queue for one in self.widget.suggestions], [queue.id for queue in self.queues])
        for place, queue in enumerate(self.queues):
            if queue.calendar is not None and queue.calendar not in self.calendars:
                known = ", ".join(sorted(self.calendars)) or "none"
                raise ValueError(
                    f"queues.{place}.calendar: queue {queue.id} goes by the calendar {queue.calendar!r}, which "
                    f"does not exist; `calendars` has: {known}"
                )
        return self

    @property
    def default_queue(self) -> QueueSettings:
        return self.queues[0]

    def queue(self, name: str) -> QueueSettings | None:
        return next((queue for queue in self.queues if queue.id == name), None)

    def worth(self, queue: str | None) -> timedelta:
        """How much waiting a class of priority is worth in a queue."""
        found = self.queue(queue or "")
        return timedelta(seconds=found.ageing_s if found else 300)

    def next_tier(self, queue: str) -> QueueSettings | None:
        """The nearest queue above this one: where what the front line cannot solve goes; None at the top."""
        found = self.queue(queue)
        above = [one for one in self.queues if one.tier > (found.tier if found else 1)]
        return min(above, key=lambda one: one.tier, default=None)

    def calendar(self, queue: str | None) -> Calendar:
        """When a queue is open; one that was taken away is open for those who still wait in it."""
        found = self.queue(queue or "")
        if found is None:
            return Calendar(self.zone)
        if found.calendar is None:
            return Calendar(self.zone, found.hours)
        return calendar_of(self.calendars[found.calendar], self.zone)

    def wants_survey(self, wrap_up: str | None) -> bool:
        """Whether a customer is asked what he thought of a conversation that ended with this code."""
        configured = [code.survey for code in self.wrap_up_codes if code.id == wrap_up]
        return all(configured) if configured else wrap_up != SPAM

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Tenant(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    settings: TenantSettings
