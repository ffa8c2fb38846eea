"""Test stories: dialogues with what the bot must do at each step, read from YAML and played over the turn contract.

A file in data/evaluation/stories holds a list of

    - story: a name that says what is at stake
      language: zh | en
      customer: cus_mei            # optional: verified by the shop's page
      needs: shop                  # optional: plays only where a real shop answers
      steps:
      - say: 退款多久到账？         # or press: the title of a button of the answer before
        article: refund-timing     # the knowledge base answers with this article
        kind: answer               # what the first message is (one of several: [answer, clarify])
        task: order_status         # the running task after it; null: none
        handoff: asked             # asked, unsure, unhappy, policy; null: none (the default)
        has: [到账]                 # words that stand in the texts
        lacks: [抱歉]               # words that do not
"""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

STEP_KEYS = frozenset({"say", "press", "article", "kind", "task", "handoff", "has", "lacks", "unhappy"})
STORY_KEYS = frozenset({"story", "language", "customer", "needs", "steps"})
Ask = Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]]
"""Takes the body of a turn and the step it plays, returns the answer of the turn contract."""


class BadStory(Exception):
    """A file of stories is not as it must be; the text names file, story and what is wrong."""


@dataclass(frozen=True)
class Story:
    """One dialogue."""

    name: str
    language: str
    customer: str | None
    needs: str | None
    steps: tuple[Mapping[str, Any], ...]


@dataclass
class Outcome:
    """How the stories went: names of those that passed and were left out, and what was wrong with the others."""

    passed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def played(self) -> int:
        """Stories that were played to their end or to their first mistake."""
        return len(self.passed) + len(self.failed)


def read_stories(folder: Path) -> list[Story]:
    """The stories of all files in a folder, in a fixed order. Raises BadStory."""
    return [story for path in sorted(folder.glob("*.yml")) for story in _stories_of(path)]


def _stories_of(path: Path) -> Iterator[Story]:
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (ValueError, yaml.YAMLError) as error:
        raise BadStory(f"{path}: {error}") from error
    for raw in told if isinstance(told, list) else [told]:
        name = raw.get("story") if isinstance(raw, Mapping) else None
        if not name or set(raw) - STORY_KEYS or raw.get("language") not in ("zh", "en") or not raw.get("steps"):
            raise BadStory(f"{path}: {name or raw!r}: a story has {', '.join(sorted(STORY_KEYS))}")
        for step in raw["steps"]:
            if not isinstance(step, Mapping) or set(step) - STEP_KEYS or ("say" in step) == ("press" in step):
                raise BadStory(f"{path}: {name}: {step!r}: a step says or presses, and {', '.join(sorted(STEP_KEYS))}")
        yield Story(name, raw["language"], raw.get("customer"), raw.get("needs"), tuple(raw["steps"]))


def play_all(stories: Sequence[Story], ask: Ask, *, has: frozenset[str] = frozenset()) -> Outcome:
    """Plays every story whose needs are in `has`."""
    outcome = Outcome()
    for story in stories:
        if story.needs is not None and story.needs not in has:
            outcome.skipped.append(story.name)
        elif wrong := play(story, ask):
            outcome.failed[story.name] = wrong
        else:
            outcome.passed.append(story.name)
    return outcome


def play(story: Story, ask: Ask) -> str | None:
    """Plays one story in a conversation of its own; the first thing that is not as told, None when all is."""
    conversation, context = f"c_{uuid.uuid4().hex[:16]}", list[dict[str, str]]()
    answer: Mapping[str, Any] = {"messages": []}
    for number, step in enumerate(story.steps, 1):
        press = button(answer, step["press"]) if "press" in step else None
        if "press" in step and press is None:
            return f"step {number}: there is no button {step['press']!r} on {texts_of(answer)!r}"
        text = str(step.get("say", step.get("press")))
        answer = ask(_body(story, conversation, text, press, context, waiting=False), step)
        if wrong := mistake(step, answer):
            return f"step {number} ({text!r}): {wrong}"
        context.append({"author": "customer", "text": text})
        context += [{"author": "bot", "text": message["text"][:1000]} for message in answer["messages"]]
    return None


def _body(
    story: Story, conversation: str, text: str, press: str | None, context: Sequence[Any], *, waiting: bool
) -> dict[str, Any]:
    customer = {"id": story.customer, "name": None, "verified": True} if story.customer else None
    return {
        "conversation": conversation,
        "phase": 1,
        "turn": f"t_{uuid.uuid4().hex[:16]}",
        "text": text,
        "press": press,
        "metadata": {
            "tenant": "demo",
            "channel": "web",
            "language": story.language,
            "owner": "queue" if waiting else "bot",
            "orders": True,
            "customer": customer,
            "context": list(context)[-6:],
        },
    }


def button(answer: Mapping[str, Any], title: str) -> str | None:
    """The payload of the button with this title, or whose title contains it."""
    found = [each for message in answer["messages"] for each in message["buttons"]]
    exact = [each["payload"] for each in found if each["title"] == title]
    near = [each["payload"] for each in found if title in each["title"]]
    return next(iter(exact + near), None)


def mistake(step: Mapping[str, Any], answer: Mapping[str, Any]) -> str | None:
    """What is not as the step tells, in one sentence; None when all is."""
    messages, handed = answer["messages"], (answer.get("handoff") or {}).get("reason")
    text = texts_of(answer)
    kinds = [message["kind"] for message in messages]
    sources = [source["article"] for message in messages for source in message["sources"]]
    wanted = step.get("kind")
    checks: list[tuple[bool, str]] = [
        (handed == step.get("handoff"), f"handed over for {handed}, not for {step.get('handoff')}"),
        (wanted is None or _meets(kinds, wanted), f"the messages are {kinds}, none is {wanted}"),
        ("task" not in step or running_task(answer) == step["task"], f"the running task is {running_task(answer)}"),
        (
            "article" not in step or step["article"] in sources,
            f"answered with {sources}, not with {step.get('article')}",
        ),
        *((word in text, f"{word!r} is not in {text!r}") for word in step.get("has", ())),
        *((word not in text, f"{word!r} is in {text!r}") for word in step.get("lacks", ())),
    ]
    return next((told for is_so, told in checks if not is_so), None)


def _meets(kinds: Sequence[str], wanted: Any) -> bool:
    return any(kind in ([wanted] if isinstance(wanted, str) else wanted) for kind in kinds)


def texts_of(answer: Mapping[str, Any]) -> str:
    """All texts of an answer, one after the other."""
    return "\n".join(message["text"] for message in answer["messages"])


def running_task(answer: Mapping[str, Any]) -> str | None:
    """The task that the answer leaves running; None when there is none."""
    if answer.get("active_loop") is None:
        return None
    task = (answer.get("slots") or {}).get("task")
    return str(task) if task else str(answer["active_loop"]).removesuffix("_form")
