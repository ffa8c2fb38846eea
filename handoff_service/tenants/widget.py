"""How a tenant's widget and help centre look and begin; everybody may know it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Colour = r"^#[0-9a-fA-F]{6}$"
Clock = r"^([01]\d|2[0-3]):[0-5]\d$"
Words = Annotated[str, Field(max_length=1000)]
Told = Annotated[str, Field(max_length=300)] | bool | int | float
Address = r"^(https://|/)[!-~]{1,500}$"


class Welcome(BaseModel):
    """First words for some hours (in the tenant's time zone, across midnight if `from` is later), pages and visitors.

    {"text": {"en": "Good evening!"}, "from": "18:00", "to": "09:00", "page": "/orders", "about": {"level": "gold"}}
    """

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    text: Mapping[str, Words]
    suggestions: Mapping[str, tuple[str, ...]] = {}
    begins: str | None = Field(default=None, alias="from", pattern=Clock)
    ends: str | None = Field(default=None, alias="to", pattern=Clock)
    page: str | None = Field(default=None, pattern=r"^/[!-~]{0,200}$", description="part of the page's path")
    about: Mapping[Annotated[str, Field(max_length=40)], Told] = Field(
        default={}, max_length=10, description="what the page has told of its visitor (setAttributes), each as here"
    )


class Service(BaseModel):
    """A kind of service that the customer chooses with one button, and the queue of the people who do it.

    {"text": {"zh": "售后", "en": "Returns"}, "queue": "returns"}; without a queue the default one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Mapping[str, Annotated[str, Field(min_length=1, max_length=60)]] = Field(min_length=1)
    queue: str | None = Field(default=None, max_length=64)


class WidgetSettings(BaseModel):
    """Colours, place, texts and first words; what is not set is the product's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    accent: str | None = Field(default=None, pattern=Colour)
    logo: str | None = Field(default=None, pattern=Address)
    position: Literal["end", "start"] = "end"
    scheme: Literal["auto", "light", "dark"] = "auto"
    texts: Mapping[str, Mapping[str, Words]] = Field(
        default={}, description="by catalogue (zh-Hans, zh-Hant, en) and key of web/widget/texts what is said otherwise"
    )
    welcome: tuple[Welcome, ...] = Field(default=(), max_length=50)
    suggestions: tuple[Service, ...] = Field(
        default=(),
        max_length=8,
        description="buttons that ask for a person of the named queue",
        exclude_if=lambda services: not services,  # the release before knows none
    )
    articles: tuple[str, ...] = Field(
        default=(), max_length=10, description="what is suggested before anybody has typed"
    )
    voice: bool = True
    help_centre: bool = True


def check_services(chosen: Sequence[str | None], queues: Sequence[str]) -> None:
    """Raises ValueError for a button into a queue that does not exist."""
    for place, queue in enumerate(chosen):
        if queue is not None and queue not in queues:
            raise ValueError(
                f"widget.suggestions.{place}.queue: there is no queue {queue!r}; `queues` has: {', '.join(queues)}"
            )
