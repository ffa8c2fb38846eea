"""How the tenant wants its bot to behave: thresholds, lengths and telephone numbers, with what holds without them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.channels.checks import BadTurn, line, need, number, whole
from bot.hearing.danger import number_for

NUMBER_CHARS = 40
NAME_CHARS = 80
OUR_SHOP = {"zh": "本店", "en": "our shop"}
EMERGENCIES = ("medical", "fire", "police", "self_harm", "violence", "fraud", "legal")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The tenant's settings for its bot.

    misses: questions in a row without an answer before a person is brought in; tries: unusable answers to one question
    of a task; repeats: how often the same question is asked before the answer is taken to be no help; unhappy, trend:
    0..1, the mood of one message, and its mean over the last ones, that count as unhappy; ambiguity: 0..1, two
    meanings closer than this are not told apart; slow_ms: a turn that took the parts longer than this is a failing;
    same_line: how often one line is answered; insults: how many are taken before they are answered no more; quiet: the
    gateway takes no message at all for an answer, so that such turns need not be told so; channel_chars: the longest
    message; emergency: telephone numbers by language and kind; shop: by language what the tenant is called.
    """

    misses: int = 2
    tries: int = 2
    repeats: int = 3
    unhappy: float | None = None
    trend: float = 0.4
    ambiguity: float = 0.08
    slow_ms: int = 4000
    same_line: int = 2
    insults: int = 3
    quiet: bool = False
    channel_chars: int = 600
    emergency: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    shop: Mapping[str, str] = field(default_factory=dict)

    def number(self, kind: str, *, language: str) -> str:
        """The telephone number for an emergency."""
        return number_for(kind, self.emergency, language=language)

    def name(self, language: str) -> str:
        """What the bot calls the company that it speaks for."""
        return self.shop.get(language) or next(filter(None, self.shop.values()), OUR_SHOP[language])


STANDARD = Policy()


def read_policy(raw: Any) -> Policy:
    """The settings that were sent, the standard ones for the rest; unknown names are newer than this bot.

    Raises BadTurn for a known one that cannot be used.
    """
    if raw is None:
        return STANDARD
    if not isinstance(raw, dict):
        raise BadTurn("metadata.policy must be null or an object")
    given = {name: value for name, value in raw.items() if value is not None}
    return Policy(
        misses=whole(given, "misses", low=1, high=9, default=STANDARD.misses),
        tries=whole(given, "tries", low=1, high=9, default=STANDARD.tries),
        repeats=whole(given, "repeats", low=2, high=10, default=STANDARD.repeats),
        unhappy=number(given, "unhappy", low=0, high=1, default=0) if "unhappy" in given else STANDARD.unhappy,
        trend=number(given, "trend", low=0, high=1, default=STANDARD.trend),
        ambiguity=number(given, "ambiguity", low=0, high=1, default=STANDARD.ambiguity),
        slow_ms=whole(given, "slow_ms", low=100, high=60_000, default=STANDARD.slow_ms),
        same_line=whole(given, "same_line", low=1, high=10, default=STANDARD.same_line),
        insults=whole(given, "insults", low=1, high=20, default=STANDARD.insults),
        quiet=given.get("quiet") is True,
        channel_chars=whole(given, "channel_chars", low=50, high=8000, default=STANDARD.channel_chars),
        emergency=read_numbers(given),
        shop=read_names(given),
    )


def read_numbers(given: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    """Telephone numbers by language and kind; raises BadTurn."""
    if "emergency" not in given:
        return {}
    numbers: dict[str, dict[str, str]] = {}
    for language, by_kind in need(given, "emergency", dict).items():
        if not isinstance(by_kind, dict) or not all(
            isinstance(each, str) and 0 < len(each) <= NUMBER_CHARS for each in by_kind.values()
        ):
            raise BadTurn(f"emergency.{language} must hold telephone numbers of at most {NUMBER_CHARS} characters")
        numbers[language] = by_kind
    return numbers


def read_names(given: Mapping[str, Any]) -> Mapping[str, str]:
    """What the tenant is called, by language; raises BadTurn."""
    names = need(given, "shop", dict) if "shop" in given else {}
    return {language: line(names, language, most=NAME_CHARS).strip() for language in names}
