"""Rules of good manners: what a polite clerk does whatever the customer came for."""

import re
from dataclasses import replace

from bot.actions.answering import miss
from bot.actions.situation import ANSWERED, OFFER_HUMAN, SMALL_TALK, SURE, WORD, Decision, Move, Situation
from bot.hearing.words import (
    A_REMARK,
    AGREED,
    ASKS_WHEN,
    MARKUP,
    NOT_HELPED,
    SOLVED,
    SPOKEN,
    TAMPERING,
    goes_on,
    says_farewell,
)
from bot.language import asked_language, other_script
from bot.signals.unhappy import ASKED, is_short, is_thumb_down, says_little
from bot.signals.unsure import AFTER_ANSWER
from bot.tasks import own_words

LONG = 1500  # characters: more than a question
A_LITTLE = 0.8  # of the threshold
TOPICS = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (
        r"退款|退钱|到账|refund|money back",
        r"快递|发货|物流|包裹|送[到货达]|deliver|ship|parcel|package",
        r"换货|换一|补发|exchange|replac",
        r"退货|return",
        r"发票|invoice|receipt",
        r"优惠|券|补偿|赔|coupon|voucher|compensat",
        r"账[号户]|实名|account|verif",
        r"地址|address",
    )
)
READ_ON = re.compile(
    r"\W*(?:继续|接着说|往下说|下面呢|还有呢|然后呢|看?下文|more|go on|continue|read on|next|and then|keep going)\W*",
    re.IGNORECASE,
)
PRAISE = re.compile(
    "[\\s\ufe0f\U0001f3fb-\U0001f3ff]*[👍👌🙏❤💯🎉😊😀👏][\\s\ufe0f\U0001f3fb-\U0001f3ff👍👌🙏❤💯🎉😊😀👏]*"
)
MASHED = re.compile(r"(.)\1{5,}|\b[bcdfghjklmnpqrstvwxz]{6,}\b", re.IGNORECASE)


def stops_abuse(s: Situation) -> Decision | None:
    """Who goes on insulting while a person is coming is told once where the line is, and then not answered."""
    if not s.waiting or not is_abusive(s):
        return None
    times = sum(said.insulting for said in s.before) + 1
    if times < s.policy.insults:
        return None
    told = any(said.say == "boundary" for said in s.before)
    say = "boundary" if not told else "quiet" if s.policy.quiet else "boundary_again"
    return Decision(move=Move.REPLY, say=say, rule=f"insulted {times} times")


def is_abusive(s: Situation) -> bool:
    """Whether this message insults us."""
    mood = s.understanding.mood if s.understanding is not None else None
    insulted = s.intent == "insult" and s.confidence >= SURE and not s.pressed
    return insulted or (mood is not None and any(each.startswith(("insult", "aimed")) for each in mood.evidence))


def changes_language(s: Situation) -> Decision | None:
    """Speaks another language when asked, and says the last answer again in it; honest about those it cannot."""
    asked = None if s.pressed else asked_language(s.text)
    if asked is None:
        return None
    if asked == "other":
        offer = None if s.waiting else OFFER_HUMAN
        return Decision(
            move=Move.REPLY, say="other_language", rule="asked for another language", slots={"offer": offer}
        )
    last = s.before[-1].article if s.before and s.before[-1].say in AFTER_ANSWER else None
    return Decision(
        move=Move.REPLY,
        say="article" if last else "language_changed" if s.form is None else "language_in_task",
        first=("language_switched",) if last else (),
        article=last,
        rule=f"asked for {asked}",
    )


def reads_on(s: Situation) -> Decision | None:
    """The rest of an answer that was too long for the channel."""
    if s.more_to_read and (s.intent == "read_on" or READ_ON.fullmatch(s.text)):
        return Decision(move=Move.REPLY, say="read_on", rule="reads on")
    return Decision(move=Move.REPLY, say="nothing_more", rule="nothing more to read") if s.intent == "read_on" else None


def says_whether_it_helped(s: Situation) -> Decision | None:
    """After an answer: it helped (then goodbye), or it did not (then another way, the second time a person)."""
    if s.form is not None:
        return None
    yes_or_no = s.offer == "solved" and s.confidence >= SURE
    if is_solved(s) or (yes_or_no and s.intent == "affirm"):
        return Decision(
            move=Move.REPLY,
            say="solved_waiting" if s.waiting else "solved",
            rule="the customer says it is solved",
            slots=ANSWERED,
            close=not s.waiting,
        )
    if is_thumb_down(s):
        return miss(s, say="thumb_down", rule="thumb down")
    after_answer = bool(s.before) and s.before[-1].say in AFTER_ANSWER | {"not_solved", "thumb_down"}
    if (
        s.intent == "not_solved"
        or (yes_or_no and s.intent == "deny")
        or (after_answer and not s.pressed and NOT_HELPED.fullmatch(s.text))
    ):
        return miss(s, say="not_solved", rule="the answer did not help")
    courtesies_only = all(said.say in SMALL_TALK for said in s.before)
    if courtesies_only and s.offer is None and not s.pressed and NOT_HELPED.fullmatch(s.text):
        return miss(s, say="what_is_wrong", rule="something is wrong, and nothing says what")
    if s.intent == "thumb_up" or PRAISE.fullmatch(s.text):
        return Decision(move=Move.REPLY, say="thanks", rule="thumb up", slots=ANSWERED)
    return None


def is_solved(s: Situation) -> bool:
    """Whether the customer says, and does not ask, that it is solved."""
    if s.pressed or s.is_question:
        return s.pressed and s.intent == "solved"
    if other_script(s.text) or goes_on(s.text):
        return False
    said = SOLVED.search(s.text) if len(s.text) <= A_REMARK else None
    # "It was not working, now it works": what had failed before is over.
    fails = said is not None and any(one.end() >= said.end() for one in NOT_HELPED.places(s.text))
    return (said is not None and not fails) or (s.intent == "solved" and s.confidence >= SURE)


def takes_leave(s: Situation) -> Decision | None:
    """ "That was it", "没别的了", or courtesies of which it is only unsure which: nothing is looked up for them."""
    asked = s.form is not None or bool(s.options) or s.pressed or s.is_question or s.known is not None
    if asked or goes_on(s.text) or (s.intent in SMALL_TALK and s.confidence >= SURE):
        return None
    said_so = says_farewell(s.text)
    if not said_so and s.parting < SURE:
        return None
    thanks = not said_so and s.intent == "thanks"
    say = "thanks" if thanks else "goodbye"
    # Who gives up, or says it first, has not said that his matter is done.
    close = not thanks and not s.waiting and bool(s.before) and not s.unanswered
    return Decision(move=Move.REPLY, say=say, rule="takes leave", slots=ANSWERED, close=close)


def sends_only_files(s: Situation) -> Decision | None:
    """A picture without a word: the bot cannot look at it, a person can."""
    if not s.files or WORD.search(s.text) is not None or s.form is not None:
        return None
    say = "picture" if all(file.is_picture for file in s.files) else "file"
    offer = None if s.waiting else OFFER_HUMAN
    return Decision(
        move=Move.REPLY,
        say=f"{say}_waiting" if s.waiting else say,
        rule="files without words",
        offer_human=not s.waiting,
        slots={"offer": offer},
    )


def asks_what_was_agreed(s: Situation) -> Decision | None:
    """After a person gave the conversation back: what that person promised, in that person's words."""
    if s.given_back is None or not s.given_back.promises or not AGREED.search(s.text) or s.form is not None:
        return None
    return Decision(
        move=Move.REPLY,
        say="agreed_waiting" if s.waiting else "agreed",
        rule="asks what was agreed",
        slots={"unanswered": [], "offer": None if s.waiting else OFFER_HUMAN},
        values={"agent": s.given_back.agent, "promise": quoted(s.given_back.promises, language=s.language)},
    )


def quoted(promises: tuple[str, ...], *, language: str) -> str:
    """Promises word for word, in the language's own marks."""
    return (
        "".join(f"“{each}”" for each in promises) if language == "zh" else "; ".join(f"“{each}”" for each in promises)
    )


def with_courtesies(s: Situation, decision: Decision) -> Decision:
    """The decision with what is said before it: who gave the conversation back, and that we are sorry.

    What a person promised is never contradicted: where an answer touches it, the promise is said to stand.
    """
    if decision.say == "quiet":
        return decision
    first, after = list(decision.first), list(decision.after)
    given_back = s.given_back if s.form is None else None
    if given_back is not None and not s.before:
        first.insert(0, "given_back_promised" if given_back.promises else "given_back")
        if decision.say == "greet":
            decision = replace(decision, say="here")
    elif given_back is not None and decision.say in AFTER_ANSWER and touches_a_promise(s):
        after = ["promise_stands"]
    complains = decision.move is Move.TASK and s.intent == "complaint" and not any(said.sorry for said in s.before)
    if (
        (complains or is_a_little_upset(s))
        and decision.reason is None
        and decision.say not in SMALL_TALK | {"not_solved", "thumb_down", "what_is_wrong"}
    ):
        first.append("sorry")
    values = dict(decision.values)
    if given_back is not None:
        values |= {"agent": given_back.agent, "promise": quoted(given_back.promises, language=s.language)}
    return replace(decision, first=tuple(first), after=tuple(after), values=values)


def touches_a_promise(s: Situation) -> bool:
    """Whether the question is about something that a person has promised."""
    promised = " ".join(s.given_back.promises) if s.given_back is not None else ""
    asked = f"{s.text} {s.known.title if s.known is not None else ''}"
    return any(topic.search(promised) and topic.search(asked) for topic in TOPICS)


def is_a_little_upset(s: Situation) -> bool:
    """Whether the mood is on its way down, though not so far that a person is needed: said once that we are sorry."""
    u = s.understanding
    if u is None or s.pressed or s.waiting or any(said.sorry for said in s.before):
        return False
    if is_short(s.text) or says_little(s):
        return False
    return u.mood.unhappy >= A_LITTLE * (s.policy.unhappy or ASKED) and not own_words(s)


def asks_when(s: Situation) -> Decision | None:
    """Who waits asks when somebody comes: only the gateway knows, and says so itself; the request stands."""
    if not s.waiting or s.form is not None or s.known is not None or not ASKS_WHEN.search(s.text):
        return None
    return Decision(move=Move.REPLY, say="asked_waiting", rule="asks when somebody comes", slots=ANSWERED)


def is_no_question_for_a_bot(s: Situation) -> Decision | None:
    """Text that is no sentence to us: code, orders to a machine, another language, a wall of text, noise."""
    if s.pressed or s.form is not None or s.known is not None:
        return None
    if TAMPERING.search(s.text):
        return Decision(move=Move.REPLY, say="only_our_matters", rule="orders to a machine")
    if MARKUP.search(s.text):
        return miss(s, rule="looks like code", say="looks_like_code")
    if other_script(s.text):
        return miss(s, rule="another language", say="other_script")
    if len(s.text) > LONG:
        return miss(s, rule=f"more than {LONG} characters", say="too_long")
    if is_noise(s.text) and s.confidence < SURE:
        return miss(s, rule="not to be made out", say="unclear")
    return None


def is_noise(text: str) -> bool:
    """Whether nothing is left without filler words, or letters were only mashed."""
    return WORD.search(text) is not None and (WORD.search(SPOKEN.sub("", text)) is None or bool(MASHED.search(text)))
