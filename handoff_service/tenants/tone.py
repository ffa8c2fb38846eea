"""The tone of a tenant: how its agents are asked to write, and its own words for what the gateway says in its name."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from handoff_service.tenants.wording import did_you_mean
from handoff_service.texts import TEXTS, Said

Language = Literal["zh", "zh-Hant", "en"]
# What customers read of the gateway on the way to a person and from one; what it tells agents is the same for all.
RESTATED = frozenset(
    (
        *("queued", "queued_standing", "queued_peak_message", "queued_peak_callback", "peak_wait"),
        *("standing", "standing_wait", "long_wait", "long_wait_standing", "nobody_took_it"),
        *("overflow_queue", "overflow_mailbox", "overflow_callback", "callback_booked"),
        *("mailbox", "mailbox_hours", "message_left", "message_wanted", "closing_time", "closing_time_hours"),
        *("joined", "transferred", "requeued", "agent_lost", "agent_back", "given_back"),
        *("went_on_with_bot", "solved", "closed", "promise_renewed"),
        *("escalated", "escalated_stays", "escalated_lead", "escalated_lead_stays"),
        *("next_bot", "next_queue", "next_agent", "next_agent_silent", "next_mailbox", "next_closed"),
        *("ticket_update", "ticket_reopened", "ticket_follow_up", "ticket_waits_for_you", "ticket_waited_in_vain"),
    )
)


class Tone(BaseModel):
    """`guide`: what agents read while they write; `says`: by the name of a sentence, what is said in its place."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    guide: Mapping[Language, Annotated[str, Field(max_length=500)]] = {}
    says: Mapping[str, Mapping[Language, Annotated[str, Field(min_length=1, max_length=600)]]] = {}


def blanks(text: str) -> set[str]:
    """The names in braces. Raises ValueError for braces that are none, or have more in them than a name.

    What follows a name would be carried out: "{due:>999999999}" fills the memory of everybody's gateway.
    """
    try:
        parts = [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise ValueError(f"{error}; write {{{{ and }}}} for braces that stand for themselves") from error
    for name, spec, conversion in parts:
        if spec or conversion or not name.isidentifier():
            raise ValueError(f"{{{name}…}}: a blank is a name and nothing else; write {{{{ and }}}} for plain braces")
    return {name for name, _, _ in parts}


def check_tone(tone: Tone) -> None:
    """Raises ValueError for an unknown sentence, and for one with other blanks: a promise would lose its time."""
    for name, versions in tone.says.items():
        if name not in RESTATED:
            raise ValueError(f"tone.says.{name}: there is no sentence {name!r}{did_you_mean(name, RESTATED)}")
        for language, text in versions.items():
            try:
                _check_blanks(name, text)
            except ValueError as error:
                raise ValueError(f"tone.says.{name}.{language}: {error}") from error


def _check_blanks(name: str, text: str) -> None:
    wanted = blanks(TEXTS[name]["en"])
    if blanks(text) != wanted:
        named = ", ".join(f"{{{one}}}" for one in sorted(wanted)) or "none"
        raise ValueError(f"this sentence has these blanks, no more and no less: {named}")


def still_said(says: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Of stored sentences those that this release can say: it may have other sentences, or other blanks in them."""

    def fits(name: str, text: str) -> bool:
        try:
            _check_blanks(name, text)
        except ValueError:
            return False
        return True

    kept = {name: {of: text for of, text in versions.items() if fits(name, text)}
            for name, versions in says.items() if name in RESTATED}  # fmt: skip
    return {name: versions for name, versions in kept.items() if versions}


def in_own_words(text: str, tone: Tone) -> str:
    """A sentence of the gateway as this tenant says it; any other text stays as it is."""
    if not isinstance(text, Said):
        return text
    filled = {name: in_own_words(value, tone) for name, value in text.blanks.items()}
    versions: dict[str, str] = dict(TEXTS[text.key])
    versions |= {str(language): own for language, own in tone.says.get(text.key, {}).items()}
    plain = text.language.partition("-")[0]
    said = versions.get(text.language) or versions.get(plain) or versions["en"]
    return said.format(**filled)
