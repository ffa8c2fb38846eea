"""What a tenant names in both languages: skills, tags, and the replies that its agents have ready."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from string import Formatter
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

NAME = r"^[a-z0-9][a-z0-9_-]{0,39}$"
# What a canned reply may have filled in, and what that is.
VARIABLES: Mapping[str, str] = {
    "customer": "the customer's name; without one the words 您 and 'dear customer'",
    "agent": "the name of the agent who sends it",
    "shop": "the tenant's name in the language of the conversation",
    "conversation": "the number that the customer can quote",
}
NOBODY = {"zh": "您", "en": "dear customer"}
SPACES = re.compile(r"\s+")


class Named(BaseModel):
    """A skill or a tag: `id` is what settings and requests say, the rest is what people read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=NAME)
    zh: str = Field(min_length=1, max_length=80)
    en: str = Field(min_length=1, max_length=80)


class CannedReply(BaseModel):
    """A reply in one or both languages, for some queues and channels or (empty) for all; `{customer}` … are filled in.

    Each channel has its own tone and length: a reply for `email` may greet and sign, one for `sms` is short.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=NAME)
    title: str = Field(min_length=1, max_length=80)
    zh: str = Field("", max_length=4000, exclude_if=lambda text: not text)
    en: str = Field("", max_length=4000, exclude_if=lambda text: not text)
    queues: tuple[str, ...] = Field((), exclude_if=lambda queues: not queues)
    channels: tuple[Annotated[str, Field(pattern=NAME)], ...] = Field((), exclude_if=lambda channels: not channels)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.zh and not self.en:
            raise ValueError("a canned reply needs a text in `zh` or `en`")
        for language in ("zh", "en"):
            for name in _fields(getattr(self, language), language):
                if name not in VARIABLES:
                    raise ValueError(f"{language}: there is no variable {{{name}}}{did_you_mean(name, VARIABLES)}")
        return self

    def text(self, language: str) -> str | None:
        """The text in a language, with its variables; None when it has none in it."""
        return (self.zh if language == "zh" else self.en) or None


def _fields(text: str, language: str) -> list[str]:
    try:
        return [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise ValueError(f"{language}: {error}; write {{{{ and }}}} for braces that stand for themselves") from error


def rendered(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables filled in; what `values` holds is taken as it is, braces and all."""
    parts = []
    for literal, name, _, _ in Formatter().parse(text):
        parts.append(literal)
        if name is not None:
            parts.append(values[name])
    return "".join(parts)


def pieces(text: str) -> list[str]:
    """The longer stretches between variables, in one spelling of spaces: by them a reply is known again."""
    literals, last = [""], 0
    for literal, name, _, _ in Formatter().parse(text):
        literals[last] += literal
        if name is not None:
            literals.append("")
            last += 1
    return [piece for one in literals if len(piece := plain(one)) >= 8]


def plain(text: str) -> str:
    """Text with every run of spaces as one."""
    return SPACES.sub(" ", text).strip()


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """`; did you mean x?`, or `; there are a, b, c` when nothing is near, for the end of a sentence."""
    names = sorted(map(str, known))
    near = get_close_matches(given, names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there are: {', '.join(names)}" if names else "; there are none"


def check_wording(
    queues: Mapping[str, Iterable[str]],
    skills: tuple[Named, ...],
    tags: tuple[Named, ...],
    canned: tuple[CannedReply, ...],
) -> None:
    """Raises ValueError (`place: sentence`) for ids that occur twice, unknown queues, and skills that are not listed.

    `queues`: by id the skills that the queue asks for. Without any skills in the list, queues may ask for any.
    """
    ids = {"skills": [one.id for one in skills], "tags": [one.id for one in tags]}
    for name, listed in (ids | {"canned_replies": [one.id for one in canned]}).items():
        for place, one in enumerate(listed):
            if one in listed[:place]:
                raise ValueError(f"{name}.{place}.id: {one!r} is there twice")
    known = {skill.id for skill in skills}
    for place, (queue, needs) in enumerate(queues.items()):
        for number, need in enumerate(needs):
            if known and need not in known:
                wrong = f"queue {queue} asks for the skill {need!r}, which is not listed"
                raise ValueError(f"queues.{place}.skills.{number}: {wrong}{did_you_mean(need, known)}")
    for place, reply in enumerate(canned):
        for number, queue in enumerate(reply.queues):
            if queue not in queues:
                raise ValueError(
                    f"canned_replies.{place}.queues.{number}: there is no queue {queue!r}{did_you_mean(queue, queues)}"
                )
