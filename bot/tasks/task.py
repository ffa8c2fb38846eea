"""What a Task is made of: steps that each want one thing, a summary to say yes to, the deed, and its undoing.

Nothing here knows Rasa. A step's functions see a `Case`, and answer with one of four results:
Found (it is right; take over these facts), Wrong (say so, forget, ask again), Choose (let the customer pick),
Ends (there is nothing to go on with).
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.actions.situation import Reason
from bot.channels.circumstances import File
from bot.shop import Proof, Shop

Known = Mapping[str, Any]
Reader = Callable[[str, datetime], Any]  # read(text, now) -> what it says, None when it does not say it
CONFIRM = "confirmed"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One turn as a running Task sees it: what is known so far (plain JSON), who asks, and the shop.

    `customer` is the id that the shop's page vouches for; `key` (the turn's id) makes a deed happen once.
    """

    known: Known
    shop: Shop
    key: str
    text: str
    now: datetime
    language: str = "zh"
    customer: str | None = None
    files: tuple[File, ...] = ()
    title: Callable[[str], str] = str  # what a Task is called in the customer's language

    @property
    def proof(self) -> Proof:
        """What shows the shop whose data may be read or changed."""
        if self.customer is not None:
            return Proof(customer=self.customer)
        return Proof(phone_tail=self.known.get("phone_tail"))


@dataclass(frozen=True, kw_only=True)
class Told:
    """How a Task ends: the text to say, and what goes with it.

    reason: a handoff is due for it; ticket: work that outlives the conversation, {"type", "fields", "summary"};
    undo: what the shop needs to take it back, {"action", "until"}.
    """

    say: str
    values: Mapping[str, str] = field(default_factory=dict)
    details: Sequence["Line"] = ()
    reason: Reason | None = None
    rule: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    ticket: Mapping[str, Any] | None = None
    undo: Mapping[str, Any] | None = None

    @property
    def refused(self) -> bool:
        """Whether it is the shop's no."""
        return ".refused_" in self.say


@dataclass(frozen=True, kw_only=True)
class Line:
    """One more line below a text: a text of its own with its values."""

    say: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Found:
    """The value is right; `facts` are what was learnt with it."""

    value: Any
    facts: Known = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """The value does not do: say why, forget these slots, and ask again. `guess`: it may be somebody's guessing."""

    say: str
    forget: tuple[str, ...]
    values: Mapping[str, str] = field(default_factory=dict)
    guess: bool = False


@dataclass(frozen=True, kw_only=True)
class Option:
    """One button: its title, and the value that pressing it stands for."""

    title: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Choose:
    """Ask with these to choose from; a typed number picks one as well."""

    options: tuple[Option, ...]
    say: str | None = None


@dataclass(frozen=True, kw_only=True)
class Ends:
    """The Task cannot or need not go on."""

    told: Told


Result = Found | Wrong | Choose | Ends
Find = Callable[[Case], Awaitable[Result | None]]
Check = Callable[[Case, Any], Awaitable[Result]]
Options = Callable[[Case], Sequence[Option]]


def always(_known: Known) -> bool:
    """For a step that every case needs."""
    return True


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that a Task wants, kept in its slot.

    read: what counts as an answer to the question; early: what is taken from a text that was not asked for it (nothing
    by default); needed: whether this case wants it; find: where to look before asking; check: what the shop says to
    it; own_words: the customer describes something, so hardly any text is out of place; files: pictures are an answer;
    asked: a step that is False is only ever read early; example: an answer to the question in each language.
    """

    slot: str
    read: Reader
    early: Reader | None = None
    needed: Callable[[Known], bool] = always
    find: Find | None = None
    check: Check | None = None
    options: Options | None = None
    own_words: bool = False
    files: bool = False
    asked: bool = True
    example: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Task:
    """Something that the bot does for a customer. `name` is also the intent that starts it.

    summary: the values of the text "<name>.confirm"; with one, nothing is done before a firm yes.
    do: called once all is known (and confirmed); it may raise ShopUnavailable.
    carries: slots taken over from the Task before, such as the order that was looked up; words: a pattern by which a
    customer names it ("继续刚才的退款"); of_shop: the shop is asked, so that there is no such Task in a tenant without.
    """

    name: str
    steps: tuple[Step, ...]
    do: Callable[[Case], Awaitable[Told]]
    summary: Callable[[Case], Mapping[str, str]] | None = None
    carries: tuple[str, ...] = ()
    words: str = ""
    of_shop: bool = True

    def named_in(self, text: str) -> bool:
        """Whether the text speaks of this Task."""
        return bool(self.words) and re.search(self.words, text, re.IGNORECASE) is not None

    def step(self, slot: str | None) -> Step | None:
        """The step that fills this slot."""
        return next((step for step in self.steps if step.slot == slot), None)
