"""What is remembered of a conversation: of this phase by its tracker, of those before by what the bot said in them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.actions.situation import Said
from bot.channels.request import CONTEXT_CHARS

REMINDERS = ("last_time", "last_time_waiting")


@dataclass(frozen=True, kw_only=True)
class Memory:
    """The phase so far, and what was said in the whole conversation.

    language: that of the last answer; chosen: the one that the customer asked for; used: the texts that were said, in
    whatever phase; reminded: a former question was asked about; rest: what the very last answer left to read.
    """

    before: tuple[Said, ...] = ()
    language: str | None = None
    chosen: str | None = None
    used: frozenset[str] = frozenset()
    reminded: bool = False
    rest: str | None = None

    @classmethod
    def of(cls, tracker: DialogueStateTracker, *, said: Collection[str] = ()) -> "Memory":
        """What can be read off the events; `said` are the texts of the phases before, which have other trackers."""
        before: list[Said] = []
        used = set(said)
        reminded, rest = any(name.partition("/")[0] in REMINDERS for name in said), None
        last: Mapping[str, Any] = {}
        for event in tracker.events:
            if isinstance(event, UserUttered):
                last, rest = event.metadata or {}, None
                before.append(remembered(event.text or "", last))
            elif isinstance(event, BotUttered):
                used.add(event.metadata.get("said") or "")
                reminded = reminded or bool(event.metadata.get("reminder"))
                rest = event.metadata.get("rest") or rest
        return cls(
            before=tuple(before),
            language=last.get("language"),
            chosen=last.get("chosen"),
            used=frozenset(used),
            reminded=reminded,
            rest=rest,
        )


def remembered(text: str, metadata: Mapping[str, Any]) -> Said:
    """An earlier message as its metadata keep it."""
    return Said(
        text=text,
        mood=float(metadata.get("mood") or 0.0),
        article=metadata.get("article"),
        say=metadata.get("say") or "",
        insulting=bool(metadata.get("insulting")),
        asked_if_solved="did_it_help" in metadata.get("after", ()),
        sorry="sorry" in metadata.get("first", ()),
    )


def with_articles(context: Sequence[Mapping[str, str]], tracker: DialogueStateTracker) -> list[dict[str, str]]:
    """The messages before, those that the bot answered with an article together with its name."""
    answered = {}
    for event in tracker.events:
        sources = event.metadata.get("sources", ()) if isinstance(event, BotUttered) else ()
        if len(sources) == 1 and event.text:
            answered[event.text[:CONTEXT_CHARS]] = sources[0]["article"]
    return [
        {**said, "article": answered[said["text"]]}
        if said["author"] == "bot" and said["text"] in answered
        else {**said}
        for said in context
    ]
