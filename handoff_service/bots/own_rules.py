"""What the gateway understands without any bot: danger, that somebody asks for a person, and plain anger.

Used only while nothing better is up: who is not caught by a rule waits, and is handed over when he has waited too long.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.hearing.danger import SENTENCES, Danger, danger, number_for
from bot.hearing.script import simplified
from bot.hearing.words import SENIOR
from handoff_service.bots.asking import asks_for_human, lines_of
from handoff_service.bots.model import Answer, TurnRequest
from handoff_service.texts import say

SENIOR_RULE = "asked for a senior person"
SENIOR_PRIORITY = 4
DANGER_PRIORITY = 9
ASK_HUMAN = "ask_human"
_COMPLAINS_OF_US = r"我?要投诉你|投诉你们"
_ANGRY = re.compile(
    r"你们.{0,6}(骗|坑人|忽悠)|骗子(公司|平台|店)|黑店|坑爹|垃圾(公司|平台|店|客服|商家|服务|东西)|什么(破|垃圾|烂|态度|素质)|"
    r"(太|真|这么|实在|最)(差劲|垃圾|恶心|过分|烂|欺负人)|气死|生气|愤怒|发火|很失望|太失望|忍无可忍|受够|受不了|烦死|逼疯|"
    r"不要脸|丢人|神经病|耍我|当猴耍|简直|起诉|找媒体|曝光|打差评|第[四五六七八九十]+[遍次]|说了(多少|几|三|四|五)[遍次]|"
    rf"{_COMPLAINS_OF_US}|他妈|妈的|傻[逼比]|去死|老子|"
    r"\b(you('re| are)?( all| just)? (scammers?|thieves|liars|crooks|lying)|rip[- ]?off|furious|angry|pissed|fed up|"
    r"sick of|unacceptable|ridiculous|outrageous|disgusting|maddening|insane|bullshit|nonsense|f+u+c+k\w*|"
    r"(worst|terrible|awful|horrible|lousiest|pathetic|useless) (\w+[ -]){0,2}(service|company|shop|store|support|bot)|"
    r"sue you|see you in court|my lawyer|waste of (my )?time|liars?|(fourth|fifth|sixth|tenth) time|never again|"
    r"how dare|treat(ing)? (me|customers?|clients?) like)\b",
    re.IGNORECASE,
)


def wants_human(request: TurnRequest) -> bool:
    """Whether he asks for a person, by the button or in words."""
    if request.press is not None:
        return request.press.lstrip("/") == ASK_HUMAN
    return asks_for_human(request.text)


def is_angry(text: str) -> bool:
    """Whether the words alone say so."""
    return any(_ANGRY.search(line) for line in lines_of(text))


def complains_of_us(text: str) -> re.Match[str] | None:
    """Where he says that he complains of the very people whom he speaks with."""
    return re.search(_COMPLAINS_OF_US, text)


def danger_in(request: TurnRequest) -> Danger | None:
    """What the words say of danger, the first of several messages first; a button says nothing of it."""
    if request.press is not None:
        return None
    return next((found for line in lines_of(request.text) if (found := danger(line))), None)


def a_matter_for_people(request: TurnRequest) -> Answer | None:
    """What no bot is needed for, and none may stand in the way of: danger, and the wish for a person.

    Who waits for a person already is only told the number to call.
    """
    language, waiting = request.language or "zh", request.owner == "queue"
    found = danger_in(request)
    if found is not None:
        return _in_danger(found, request, language, waiting=waiting)
    if waiting or not wants_human(request):
        return None
    senior = None if request.press else SENIOR.search(simplified(request.text))
    if senior is None:
        return hand_off("asked", say("asked", language), rule="asks for a person")
    evidence = {"rule": SENIOR_RULE, "senior": senior.group()}
    return hand_off("asked", say("asked_senior", language), priority=SENIOR_PRIORITY, **evidence)


def hand_off_by_rule(request: TurnRequest) -> Answer | None:
    """A handoff for who is in danger, asks for a person or is plainly angry; None for anybody else."""
    urgent = a_matter_for_people(request)
    if urgent is not None or request.owner == "queue" or not is_angry(request.text):
        return urgent
    return hand_off("unhappy", say("unhappy", request.language or "zh"), rule="angry words")


def hand_off(reason: str, text: str, *, priority: int | None = None, rule: str, **evidence: object) -> Answer:
    """The wish for a person, with the sentence that is said on the way and the signal behind it."""
    message = {"text": text, "kind": "soothe" if reason == "unhappy" else "handoff"}
    wish = {"reason": reason, "priority": priority, "evidence": {"rule": rule, **evidence}}
    return Answer([message], wish, signals=[signal_of(reason, rule, evidence)])


def signal_of(name: str, rule: str, evidence: Mapping[str, object], *, strength: float = 1.0) -> dict[str, Any]:
    """One of the four signals, as the contract *turn* has it."""
    return {"signal": name, "rule": rule, "strength": strength, "evidence": dict(evidence)}


def _in_danger(found: Danger, request: TurnRequest, language: str, *, waiting: bool) -> Answer:
    """The right number at once, and a person before all others."""
    emergency = (request.policy or {}).get("emergency") or {}
    said = SENTENCES[f"danger_{found.kind}_waiting" if waiting else f"danger_{found.kind}"]
    text = said[_spoken(language)][0].format(number=number_for(found.kind, emergency, language=_spoken(language)))
    message = {"text": text, "kind": said["kind"]}
    if waiting:
        return Answer([message])
    evidence = {"rule": f"safety: {found.kind}", "words": found.words}
    return Answer([message], {"reason": "policy", "priority": DANGER_PRIORITY, "evidence": evidence})


def _spoken(language: str) -> str:
    return "zh" if language.startswith("zh") else "en"
