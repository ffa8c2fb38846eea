"""The bot's one decision per turn, as a pure function: `decide(situation) -> Decision`.

The rules are tried from the top of RULES; the first that has an opinion wins. Nothing here does I/O,
knows Rasa, or holds a text: a Decision names the text (`say`) and how the dialogue goes on (`move`).
"""

from dataclasses import replace

from bot.actions.answering import answer_or_miss, chose_article
from bot.actions.loops import only_courtesies, repeats_a_line, sends_advertising
from bot.actions.manners import (
    asks_what_was_agreed,
    asks_when,
    changes_language,
    is_no_question_for_a_bot,
    reads_on,
    says_whether_it_helped,
    sends_only_files,
    stops_abuse,
    takes_leave,
    with_courtesies,
)
from bot.actions.situation import (
    A_FEW_WORDS,
    PRIORITY,
    SMALL_TALK,
    SURE,
    Decision,
    Move,
    Reason,
    Situation,
    hand_off,
)
from bot.hearing.words import goes_on
from bot.signals import Name, danger, deciding, see
from bot.tasks import asks_which_task, chose_task, in_task, wants_task

__all__ = ["PRIORITY", "Decision", "Move", "Reason", "Situation", "decide"]


def decide(s: Situation) -> Decision:
    """The decision of the first rule that has one; `answer_or_miss`, the last, always has."""
    s = replace(s, signals=see(s))
    for rule in RULES:
        decision = rule(s)
        if decision is not None:
            return with_courtesies(s, decision)
    raise AssertionError("the last rule always decides")


def is_in_danger(s: Situation) -> Decision | None:
    """Somebody may be hurt, or it is a matter for the law: the right number, and a person before all others."""
    found = None if s.pressed else danger(s.text)
    if found is None:
        return None
    number = s.policy.number(found.kind, language=s.language)
    return hand_off(
        s,
        Reason.POLICY,
        say=f"danger_{found.kind}",
        rule=f"safety: {found.kind}",
        priority=PRIORITY[Reason.POLICY],
        values={"number": number},
    )


def wants_human(s: Situation) -> Decision | None:
    """Asking for a human always wins; so does saying yes to the bot's offer of one."""
    signal = deciding(s.signals, Name.ASKED)
    if signal is None:
        return None
    return hand_off(s, signal.reason, say=signal.say, rule=signal.rule, priority=signal.priority)


def is_unhappy(s: Situation) -> Decision | None:
    """Anger, an insult or a threat, now or coming on: soothe and hand off."""
    signal = deciding(s.signals, Name.UNHAPPY)
    if signal is None:
        return None
    return hand_off(s, signal.reason, say=signal.say, rule=signal.rule, priority=signal.priority)


def runs_task(s: Situation) -> Decision | None:
    """A running task goes on, stops, is switched, or steps aside for a question or small talk."""
    return in_task(s, answer=answer_or_miss, chat=small_talk)


def makes_small_talk(s: Situation) -> Decision | None:
    """Small talk, also a likely one in a few words that ask nothing; not when an answerable question came with it."""
    lost = s.understanding is not None and s.understanding.action == "abstain" and len(s.text) <= A_FEW_WORDS
    if s.intent not in SMALL_TALK or (s.confidence < SURE and (s.is_question or not lost)):
        return None
    if s.intent in ("goodbye", "solved", "thanks") and not s.pressed and goes_on(s.text):
        return None
    if s.intent == "solved" and s.confidence < SURE:  # nobody is told by a guess that his matter is done
        return None
    if s.known is not None and s.is_question and s.intent != "bot_challenge":
        return None
    return small_talk(s)


def small_talk(s: Situation) -> Decision:
    """The text for a small-talk intent; a no to the bot's offer is heard, an answer that solved it is welcome."""
    declined = s.intent == "deny" and s.offer == "human"
    say = "declined" if declined else "nothing_to_stop" if s.intent == "stop" else s.intent
    slots = {"offer": None, "unanswered": [] if s.intent == "solved" else list(s.unanswered)}
    sure = s.pressed or s.confidence >= SURE
    close = s.intent in ("solved", "goodbye") and sure and not s.waiting and s.form is None
    return Decision(move=Move.REPLY, say=say, rule=f"small talk: {s.intent}", slots=slots, close=close)


RULES = (
    is_in_danger,
    repeats_a_line,
    wants_human,
    stops_abuse,
    is_unhappy,
    sends_advertising,
    changes_language,
    reads_on,
    chose_task,
    chose_article,
    says_whether_it_helped,
    runs_task,
    sends_only_files,
    takes_leave,
    asks_what_was_agreed,
    asks_when,
    is_no_question_for_a_bot,
    wants_task,
    asks_which_task,
    only_courtesies,
    makes_small_talk,
    answer_or_miss,
)
