"""Whether a turn is for the running Task, corrects it, starts one, leaves it, or takes one up again. Pure."""

from collections.abc import Callable
from dataclasses import replace

from bot.actions.situation import (
    MEANT_AT_ALL,
    SMALL_TALK,
    SURE,
    VERY_SURE,
    WORD,
    Decision,
    Move,
    Reason,
    Situation,
    hand_off,
)
from bot.tasks.filling import GIVEN, forget, read_answer, replaced
from bot.tasks.readers import order_number, payment_reference
from bot.tasks.registry import TASKS
from bot.tasks.starting import aside, start_task
from bot.tasks.taking_back import do_over, takes_it_back, undo
from bot.tasks.task import CONFIRM, Step, Task
from bot.tasks.without_shop import lacks_shop, no_shop
from bot.tasks.words import (
    ABOUT,
    BARE_TOPIC,
    GO_ON,
    HESITATION,
    HOW_TO,
    NOT_THAT,
    PLAIN_YES,
    THAT_ORDER,
    WISH,
    looks_for_it,
    thinks_it_over,
    wishes_a_deed,
)

LIKELY = 0.4  # an intent that is enough beside an order's number: what is done with it is confirmed anyway
NAMED = 0.45  # an intent that its own words name: "it will not switch on, i want to return it"
LIKELY_BESIDE = 0.3  # of what is left when "inform" is no answer
STARTED = frozenset(TASKS) - {"undo"}  # by their intent alone; an undo needs something to take back
WAIT_HAN, WAIT_LETTERS = 8, 24
LEAVES = frozenset({"stop", "deny", "solved", "goodbye"})
NO_DESCRIPTION = frozenset({"stop", "greet", "thanks", "bot_challenge", "goodbye", "change_language", "resume_task"})
Rule = Callable[[Situation], Decision]


def in_task(s: Situation, *, answer: Rule, chat: Rule) -> Decision | None:
    """A running Task: fill, correct, stop, switch, or step aside for a question; too many unusable answers hand off."""
    task = TASKS.get(s.form or "")
    if task is None:
        return None
    if lacks_shop(s, task.name):  # it was one of the shop's when the Task began
        told = no_shop(replace(s, form=None), task.name)
        return replace(told, move=Move.STOP, slots={**told.slots, "task": None, "known": {}})
    if wants_another(s):
        return start_task(s, s.intent)
    if only_waits(s):
        return Decision(move=Move.REPLY, say="asking.no_hurry", rule="takes time")
    corrected = adds_pictures(s, task) or corrects(s, task)
    if corrected is not None:
        return corrected
    if fills(s, task):
        return Decision(move=Move.FILL, say="", rule=f"fills {s.wanted}")
    if takes_time(s):
        say = "asking.no_hurry" if s.wanted == CONFIRM else "asking.not_at_hand"
        return Decision(move=Move.REPLY, say=say, rule="takes time")
    if s.wanted == CONFIRM and s.intent == "affirm":
        return half_a_yes(s, answer)
    left = leaves(s, chat)
    if left is not None:
        return left
    same_wish = s.intent == s.form and not s.known
    if not same_wish and (s.is_question or (s.known and s.wanted != CONFIRM)):
        return answer(s)
    if own_words(s) and WORD.search(s.text):
        return Decision(move=Move.FILL, say="", rule=f"fills {s.wanted}")
    if s.tries + 1 >= s.policy.tries:
        return hand_off(s, Reason.UNSURE, say="form_stuck", rule=f"{s.tries + 1} unusable answers for {s.wanted}")
    return Decision(move=Move.FILL, say="", rule=f"no {s.wanted} in the answer", slots={"tries": s.tries + 1})


def wants_another(s: Situation) -> bool:
    """Whether the text is beyond doubt a wish for another Task, though it may hold what this one asked for."""
    other = s.intent in STARTED and s.intent != s.form and s.confidence >= VERY_SURE
    return other and not s.pressed and not own_words(s) and not s.known and WISH.search(s.text) is not None


def leaves(s: Situation, chat: Rule) -> Decision | None:
    """The customer stops the Task, wants another one, or makes small talk within it."""
    if s.confidence < SURE:
        return None
    if s.intent in LEAVES:
        left = aside(s)
        slots = {"task": None, "known": {}, "set_aside": [*left[:-1], {**left[-1], "offered": True}]}
        return Decision(move=Move.STOP, say="stopped", rule="customer stopped the task", slots=slots)
    if s.intent == "undo":
        return undo(s)
    if s.intent == "resume_task":
        return resume(s)
    if s.intent in STARTED and s.intent != s.form and not (s.is_question and s.known) and says_so(s):
        return start_task(s, s.intent)
    return chat(s) if s.intent in SMALL_TALK else None


def says_so(s: Situation) -> bool:
    """Whether the words, and not only the classifier, speak of the Task that is read: "my wife has one" is no wish."""
    return s.pressed or s.confidence >= VERY_SURE or TASKS[s.intent].named_in(s.text) or bool(WISH.search(s.text))


def own_words(s: Situation) -> bool:
    """Whether the running Task asked for something in the customer's own words, such as what is wrong."""
    task = TASKS.get(s.form or "")
    step = task.step(s.wanted) if task is not None else None
    return step is not None and step.own_words


def fills(s: Situation, task: Task) -> bool:
    """Whether the turn gives what the Task asked for."""
    if s.wanted == CONFIRM:
        return s.intent == "deny" or is_firm_yes(s)
    step = task.step(s.wanted)
    if step is None:
        return False
    if step.files and s.files:
        return True
    if s.pressed and s.standing.value is None:
        return False
    if step.own_words:
        if not describes(s, step):
            return False
    elif step.options is not None and s.is_question and s.known:
        return False
    return read_answer(step, s.standing, s.text) is not None


def describes(s: Situation, step: Step) -> bool:
    """Whether the text tells what was asked for: hardly any does not, but a question, a bare yes or another wish."""
    if s.pressed:
        return True
    firm = s.confidence >= SURE and s.intent != s.form
    other_wish = firm and s.intent in TASKS and WISH.search(s.text) is not None
    topic = step.slot == "topic" and ABOUT.match(s.text) is not None
    if other_wish or (s.is_question and not topic) or PLAIN_YES.fullmatch(s.text) is not None:
        return False
    listed = step.early is not None and step.early(s.text, s.standing.now) is not None  # "I changed my mind"
    return listed or not (firm and s.intent in NO_DESCRIPTION)


def is_firm_yes(s: Situation) -> bool:
    """Whether money may move on this: the pressed button, or a yes beyond doubt without hesitation or question."""
    doubtful = s.confidence < VERY_SURE or s.is_question or HESITATION.search(s.text) is not None
    plain = PLAIN_YES.fullmatch(s.text) is not None
    return (plain and not s.pressed and not s.is_question) or (s.intent == "affirm" and (s.pressed or not doubtful))


def only_waits(s: Situation) -> bool:
    """Whether a word or two ask for a moment, whatever was asked: no answer, and no correction of one."""
    short = len(s.text) <= (WAIT_LETTERS if s.text.isascii() else WAIT_HAN)
    plain = not s.pressed and not any(c.isdigit() for c in s.text) and NOT_THAT.match(s.text) is None
    return short and plain and thinks_it_over(s.text)


def takes_time(s: Situation) -> bool:
    """Whether the customer only wants time: to think before the yes, or to look for the number that was asked for."""
    if s.pressed or (s.intent == "deny" and s.confidence >= VERY_SURE):
        return False
    waits = thinks_it_over if s.wanted == CONFIRM else looks_for_it
    return s.wanted in (CONFIRM, "order_number", "reference") and waits(s.text)


def half_a_yes(s: Situation, answer: Rule) -> Decision:
    """Nothing is submitted: the answer to the question that came with the yes, or what a firm yes is; asked again."""
    if s.is_question and s.known:
        return answer(s)
    return Decision(move=Move.REPLY, say="asking.not_yet", rule="a yes that is not firm")


def adds_pictures(s: Situation, task: Task) -> Decision | None:
    """More pictures than those asked for before."""
    step = next((each for each in task.steps if each.files and each.slot in s.standing.known), None)
    if step is None or not s.files:
        return None
    more = [{"id": file.id, "name": file.name, "type": file.type, "size": file.size} for file in s.files]
    known = forget(s.standing.known, (step.slot,))
    known[GIVEN] = {step.slot: [*s.standing.known[step.slot], *more]}
    slots = {"known": known, "tries": 0, "requested_slot": None}
    return Decision(move=Move.FILL, say="", rule="adds pictures", slots=slots)


def corrects(s: Situation, task: Task) -> Decision | None:
    """Something else than was given before: "不对,是昨天那单", another order number, "no, the other one"."""
    if s.pressed:
        return None
    known = s.standing.known
    said_so = (s.intent == "correct" and s.confidence >= SURE) or NOT_THAT.match(s.text) is not None
    if own_words(s) and not (said_so and is_no_description(s)):
        return None
    better = replaced(task, known, s.text, s.standing.now, asked=s.wanted)
    if better and not said_so and s.wanted != CONFIRM:
        better = tuple(slot for slot in better if slot == "order_number")
    if not better and not said_so:
        return None
    if not better and s.wanted != CONFIRM and fills(s, task):
        return None  # "no, 1234": the answer itself, given anew
    slots = better or taken_back(s, task)
    if not slots:
        return None
    return Decision(
        move=Move.FILL,
        say="",
        rule=f"corrects {', '.join(slots)}",
        slots={"known": forget(known, slots), "tries": 0, "requested_slot": None},
    )


def is_no_description(s: Situation) -> bool:
    """Whether what sounds like a correction is one, and does not tell what was asked for ("填错规格了")."""
    rest = NOT_THAT.sub("", s.text, count=1).strip("了的啦啊吧")
    about_order = THAT_ORDER.search(s.text) is not None or order_number(s.text, s.standing.now) is not None
    return about_order or WORD.search(rest) is None


def taken_back(s: Situation, task: Task) -> tuple[str, ...]:
    """The slots that a correction without a new value means: the order when it speaks of one, else the last answer."""
    given = [step.slot for step in task.steps if step.slot in s.standing.known]
    if "order_number" in given and (THAT_ORDER.search(s.text) or given == ["order_number"]):
        return ("order_number",)
    return tuple(given[-1:])


def wants_task(s: Situation) -> Decision | None:
    """A Task to start, to take up again or to undo; not for a bare topic or a question that has an answer."""
    if s.form is not None:
        return None
    sure = s.confidence >= SURE
    if s.offer == "resume" and s.intent in ("affirm", "deny"):
        return resume(s) if s.intent == "affirm" else let_go()
    if sure and s.intent in ("undo", "resume_task"):
        return undo(s) if s.intent == "undo" else resume(s)
    if s.standing.done is not None and takes_it_back(s, sure=sure):
        return do_over(s, s.standing.done)
    if s.intent in STARTED and (sure or names_its_wish(s)):
        if any(each["task"] == s.intent for each in s.standing.set_aside) and GO_ON.search(s.text):
            return resume(s)
        return None if is_general(s) else start_task(s, s.intent)
    if s.intent not in SMALL_TALK and (s.known is None or HOW_TO.search(s.text) is None):
        if order_number(s.text, s.standing.now):
            return start_task(s, meant_with_a_number(s))
        if payment_reference(s.text, s.standing.now):
            return start_task(s, "payment_missing")
    return None


def names_its_wish(s: Situation) -> bool:
    """Whether a wish in so many words is the one that was read, though not for sure, and nothing else may be meant."""
    if s.known is not None or s.is_question or s.confidence < NAMED or not wishes_a_deed(s.text):
        return False
    nothing_else = (s.intent, "inform", "correct")  # the last two mean nothing before a Task
    alone = all(q < MEANT_AT_ALL for name, q in s.ranking if name not in nothing_else)
    return alone and TASKS[s.intent].named_in(s.text)


def chose_task(s: Situation) -> Decision | None:
    """A Task picked by its number; its button is an intent like any other."""
    return start_task(s, s.picked) if s.offer == "tasks" and s.picked is not None else None


def asks_which_task(s: Situation) -> Decision | None:
    """Two Tasks are close: one of them is meant, and asking costs less than doing the wrong one; not twice in a row.

    Of each its probability is at least MEANT_AT_ALL and of all Tasks together at least SURE.
    """
    if s.form is not None or s.known is not None or s.pressed or s.offer == "tasks" or len(s.ranking) < 2:
        return None
    (first, p), (second, q) = s.ranking[:2]
    tasks = sum(probability for intent, probability in s.ranking if intent in STARTED)
    if not {first, second} <= STARTED or p >= SURE or q < MEANT_AT_ALL or tasks < SURE:
        return None
    if lacks_shop(s, first) and lacks_shop(s, second):
        return no_shop(s, first)
    slots = {"offer": {"kind": "tasks", "options": [first, second]}, "unanswered": list(s.unanswered)}
    rule = f"close: {first} {p:.2f}, {second} {q:.2f}"
    return Decision(move=Move.REPLY, say="which_task", tasks=(first, second), rule=rule, slots=slots)


def is_general(s: Situation) -> bool:
    """Whether the text asks about the topic of a Task, or only names it, where the knowledge base has the answer."""
    if s.pressed or order_number(s.text, s.standing.now):
        return False
    if s.understanding is not None and s.understanding.action == "clarify" and BARE_TOPIC.fullmatch(s.text):
        return True
    if s.known is None:
        return False
    if lacks_shop(s, s.intent) or HOW_TO.search(s.text) is not None:  # what the tenant itself says is all there is
        return True
    return s.is_question and s.known.probability >= VERY_SURE and s.confidence < VERY_SURE


def resume(s: Situation) -> Decision:
    """Take up the Task that the text names, else the one that was left last."""
    found = [each for each in s.standing.set_aside if each["task"] in TASKS]
    if not found:
        if s.form is not None:
            return Decision(move=Move.FILL, say="", rule="goes on with the running task")
        said = "asking.nothing_to_resume"
        return Decision(move=Move.REPLY, say=said, rule="nothing to resume", slots={"offer": None})
    named = [each for each in found if each["task"] == s.intent or TASKS[each["task"]].named_in(s.text)]
    chosen = (named or found)[-1]
    return start_task(s, chosen["task"], known=chosen["known"], say="asking.resumed")


def meant_with_a_number(s: Situation) -> str:
    """The Task that is likeliest beside an order's number; "inform", that a value is given, says nothing here."""
    number = order_number(s.text, s.standing.now) or ""
    if WORD.search(s.text.upper().replace(number, "")) is None:
        return "order_status"
    said_more = 1.0 - dict(s.ranking).get("inform", 0.0)
    likely = s.intent in STARTED and s.confidence >= LIKELY
    best = next(((name, p) for name, p in s.ranking if name in STARTED), None)
    if not likely and s.intent == "inform" and best is not None and best[1] >= LIKELY_BESIDE * said_more:
        return best[0]
    return s.intent if likely else "order_status"


def let_go() -> Decision:
    """A no to taking up what was left."""
    return Decision(
        move=Move.REPLY, say="deny", rule="what was left stays left", slots={"offer": None, "set_aside": []}
    )
