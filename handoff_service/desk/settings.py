"""What a tenant gives its agents at hand: playbooks, words that no reply may hold, and who translates."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from handoff_service.tenants.wording import NAME, Named

MOST_STEPS = 30
ARTICLE = r"^[a-z0-9][a-z0-9-]{0,63}$"
Word = Annotated[str, Field(min_length=1, max_length=80, pattern=r"\S")]


class Playbook(BaseModel):
    """The steps of one type of case; `cases`: tags, queues or tasks of the bot by which such a case is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=NAME)
    zh: str = Field(min_length=1, max_length=80)
    en: str = Field(min_length=1, max_length=80)
    cases: tuple[str, ...] = Field(default=(), max_length=20)
    steps: tuple[Named, ...] = Field(min_length=1, max_length=MOST_STEPS)

    @model_validator(mode="after")
    def _has_each_step_once(self) -> Self:
        ids = [step.id for step in self.steps]
        twice = next((one for place, one in enumerate(ids) if one in ids[:place]), None)
        if twice is not None:
            raise ValueError(f"playbook {self.id} has the step {twice!r} twice")
        return self


class ForbiddenWord(BaseModel):
    """What no reply to a customer may hold (`block`), or what its author is asked about (`warn`); `instead` helps."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    word: Word
    action: Literal["block", "warn"] = "block"
    instead: str = Field(default="", max_length=200, exclude_if=lambda instead: not instead)


class DeskSettings(BaseModel):
    """`translate_url` is posted {"text", "to"} and answers {"text"}; empty: nothing is translated.

    `reading`: ids of articles that new colleagues read first, in their order.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    playbooks: tuple[Playbook, ...] = Field(default=(), max_length=100)
    forbidden: tuple[ForbiddenWord, ...] = Field(default=(), max_length=500)
    reading: tuple[Annotated[str, Field(pattern=ARTICLE)], ...] = Field(
        default=(), max_length=50, exclude_if=lambda reading: not reading
    )
    translate_url: str = Field(default="", max_length=500, pattern=r"^(https?://[!-~]+)?$")

    @model_validator(mode="after")
    def _has_each_playbook_once(self) -> Self:
        ids = [one.id for one in self.playbooks]
        twice = next((one for place, one in enumerate(ids) if one in ids[:place]), None)
        if twice is not None:
            raise ValueError(f"playbooks: {twice!r} is there twice")
        return self

    def at_hand(self) -> dict[str, Any]:
        """What every desk is told of it; not where texts are sent to be translated."""
        told = self.model_dump(mode="json", exclude={"translate_url"})
        return told | {"translates": bool(self.translate_url)}

    def playbook(self, name: str) -> Playbook | None:
        """The playbook of this id."""
        return next((one for one in self.playbooks if one.id == name), None)
