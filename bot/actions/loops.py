"""Rules against going round in circles: the same line, nothing but courtesies, advertising."""

from bot.actions.situation import OFFER_HUMAN, SMALL_TALK, SURE, Decision, Move, Situation
from bot.hearing.words import ADVERTISES, LEADS_AWAY, OF_OURS
from bot.signals import Name, deciding
from bot.signals.likeness import line

LATELY = 10  # messages
SCATTERED = 2  # so many more are taken where other lines stand between
IN_A_TASK = 2  # so many more are taken where a question was asked: the Task's own count of tries comes first
COURTESIES = 8  # messages in a row
ADVERTISEMENTS = 3  # different ones that are answered
POLITE = SMALL_TALK | {"greet_back", "here", "nothing_to_stop", "declined", "only_courtesies"}
REPEATED = ("same_line", "same_line_waiting", "same_line_last", "quiet")


def same(one: str, other: str) -> bool:
    """Whether two messages are one line; marks do not count."""
    return (line(one) or one.strip()) == (line(other) or other.strip())


def times_in_a_row(s: Situation) -> int:
    """How often this very line was sent without another one between, this time included."""
    times = 1
    for said in reversed(s.before):
        if not same(said.text, s.text):
            break
        times += 1
    return times


def times_sent(s: Situation) -> int:
    """How often this line was sent in a row, or lately with others between, which weighs less; within a Task least."""
    if s.form is not None:
        return times_in_a_row(s) - IN_A_TASK
    lately = 1 + sum(same(said.text, s.text) for said in s.before[1 - LATELY :])
    return max(times_in_a_row(s), lately - SCATTERED)


def repeats_a_line(s: Situation) -> Decision | None:
    """The same line again and again: answered as the tenant allows, then a person offered, then said so, then quiet.

    A wish for a person is heard each time until there is one coming.
    """
    if s.pressed or (deciding(s.signals, Name.ASKED) and not s.waiting):
        return None
    if s.files or not s.text.strip() or s.picked is not None:  # photo after photo, or a 1 in list after list
        return None
    times = times_sent(s)
    if times <= s.policy.same_line:
        return None
    rule = f"the same line {times} times"
    told = [said.say for said in s.before[1 - LATELY :] if said.say in REPEATED]
    if not told and not s.waiting and s.form is None:
        return Decision(
            move=Move.REPLY,
            say="same_line",
            rule=rule,
            offer_human=True,
            slots={"unanswered": [], "offer": OFFER_HUMAN},
        )
    if not told and s.waiting:
        return Decision(move=Move.REPLY, say="same_line_waiting", rule=rule)
    say = "quiet" if {"same_line_last", "quiet"} & set(told) and s.policy.quiet else "same_line_last"
    return Decision(move=Move.REPLY, say=say, rule=rule)


def sends_advertising(s: Situation) -> Decision | None:
    """A way to somewhere else together with what is sold there: a sentence, then no answer any more.

    Who says something of his own business with us is no advertiser, whatever he mentions, such as a victim of one.
    """
    if s.pressed or s.form is not None or s.is_question or s.known is not None:
        return None
    if not (ADVERTISES.search(s.text) and LEADS_AWAY.search(s.text)) or OF_OURS.search(s.text):
        return None
    told = [said.text for said in s.before if said.say == "advertising"]
    ends = len(told) >= ADVERTISEMENTS or any(same(text, s.text) for text in told)
    if ends and s.policy.quiet:
        return Decision(move=Move.REPLY, say="quiet", rule="advertising")
    return Decision(move=Move.REPLY, say="advertising", rule="advertising", offer_human=not s.waiting)


def only_courtesies(s: Situation) -> Decision | None:
    """Hello, thanks, hello, thanks ...: two programs that greet each other, or a bored child."""
    if s.pressed or s.form is not None or s.intent not in SMALL_TALK or s.confidence < SURE:
        return None
    lately = s.before[1 - COURTESIES :]
    if len(lately) < COURTESIES - 1 or not all(said.say in POLITE or said.say in REPEATED for said in lately):
        return None
    told = any(said.say == "only_courtesies" for said in lately) or lately[-1].say == "quiet"
    say = "quiet" if told and s.policy.quiet else "only_courtesies"
    return Decision(move=Move.REPLY, say=say, rule=f"nothing but courtesies, {COURTESIES} in a row")
