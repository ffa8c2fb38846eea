"""What a tenant may set for tickets; each description tells what a change costs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

PROMISE, COMPLAINT, CALLBACK = "message", "complaint", "callback"
# What the gateway opens by itself is of these types, whatever the tenant lists.
OWN_TYPES = (PROMISE, COMPLAINT, CALLBACK)


class TicketSettings(BaseModel):
    """`types`: those that agents may open besides `complaint`, `callback` and `message`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    types: tuple[str, ...] = ("question", "order", "refund", "technical", "other")
    reopen_days: int = Field(
        default=14,
        ge=0,
        le=365,
        description="Days after the resolution in which the customer's answer reopens a ticket; then it closes by "
        "itself. 0: never. More: a late “still broken” finds its ticket, and more tickets stay unfinished.",
    )
    follow_up_days: int | None = Field(
        default=None,
        ge=1,
        le=90,
        description="Days after the resolution of a complaint at which the customer is asked whether all is well "
        "(unset: only where an agent plans it). Every question is a message that he has to read.",
    )

    waiting_remind_days: int = Field(
        default=3,
        ge=0,
        le=60,
        exclude_if=lambda days: days == 3,
        description="Days that a ticket waits for its customer before he is reminded, once, on the channel on which he "
        "was asked (0: never; then it waits for ever). Every reminder is a message that he has to read.",
    )
    waiting_resolve_days: int = Field(
        default=7,
        ge=0,
        le=90,
        exclude_if=lambda days: days == 7,
        description="Days after that reminder at which a ticket without an answer counts as solved; he is told, and "
        "what he writes later takes it up again (0: it waits on). Complaints without an answer never do.",
    )

    @field_validator("types")
    @classmethod
    def _are_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not name.isidentifier() or not name.isascii() or len(name) > 32:
                raise ValueError(f"{name!r} is no type of tickets: use up to 32 letters, digits and _")
        return value

    @property
    def known(self) -> tuple[str, ...]:
        """Every type that a ticket of this tenant may have."""
        return tuple(dict.fromkeys((*OWN_TYPES, *self.types)))
