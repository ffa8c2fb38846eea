"""What the gateway understands without any bot: that somebody asks for a person, and that somebody is plainly angry.

Coarse on purpose, and used only while nothing better is up: who is not caught by a rule waits, and is handed over
when he has waited too long.
"""

from __future__ import annotations

import re

from handoff_service.bots.model import Answer, TurnRequest
from handoff_service.texts import say

_SOMEBODY = (
    r"((real|live|actual|human) ){0,3}(human( being)?s?|person|people|(customer |human )?agents?|representative|rep|"
    r"operator|supervisor|manager|colleague|somebody|someone|customer (service|support))"
)
_POLITELY = r"( please| pls| plz| now)"
_REFUSES = re.compile(
    r"(不|别|不想|不需要|不用|不要|没必要|无需)(再|给我|帮我|是)?(转|找|要|叫|接)?(到|接)?.{0,2}(人工|真人)|"
    r"\b(don'?t|do not|no need|not|no)( (want|need|wish|have))?( to)?"
    r"( (talk|speak|chat|transfer|connect)( me)?( to| with)?)?( an?| any)? "
    rf"{_SOMEBODY}\b",
    re.IGNORECASE,
)
_ASKS_FOR_HUMAN = re.compile(
    r"转.{0,2}人工(?!智能)|人工(客服|坐席|服务)|^\W*(人工|真人|客服)+(服务|呢|吧|啊)?\W*$|"
    r"(找|要|叫|接|换|让|来|跟|和|有|联系).{0,4}(人工(?!智能|费|成本)|真人(?!认证|身份)|活人|客服(?!电话|热线)|主管|经理|领导)|"
    r"(叫|找|来)个?人(来|跟|帮|$)|想跟人(说|聊)|"
    r"\b(talk|speak|chat|connect(ing)?|transfer|put|hand|switch|forward|escalate)( me)?( over| through)?( to| with)?"
    rf"( an?| the| your)? {_SOMEBODY}\b|"
    rf"\b(need|want|get( me)?|give me|bring me|is there|do you have|can i have)( an?| your| the)? {_SOMEBODY}\b|"
    rf"^\W*{_SOMEBODY}{_POLITELY}?\W*$|\b{_SOMEBODY}{_POLITELY}\W*$",
    re.IGNORECASE,
)
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


def asks_for_human(text: str) -> bool:
    """Whether one of the lines asks for a person."""
    return any(_ASKS_FOR_HUMAN.search(_REFUSES.sub(" ", line)) for line in text.splitlines())


def is_angry(text: str) -> bool:
    """Whether the words alone say so."""
    return _ANGRY.search(text) is not None


def complains_of_us(text: str) -> re.Match[str] | None:
    """Where he says that he complains of the very people whom he speaks with."""
    return re.search(_COMPLAINS_OF_US, text)


def hand_off_by_rule(request: TurnRequest) -> Answer | None:
    """A handoff for who asks for a person, by words or by the button, or is plainly angry; None for anybody else."""
    language = request.language or "zh"
    if (request.press or "").lstrip("/") == "ask_human" or asks_for_human(request.text):
        return hand_off("asked", say("asked", language), rule="asks for a person")
    if is_angry(request.text):
        return hand_off("unhappy", say("unhappy", language), rule="angry words")
    return None


def hand_off(reason: str, text: str, **evidence: object) -> Answer:
    """The wish for a person, with the sentence that is said on the way."""
    message = {"text": text, "kind": "soothe" if reason == "unhappy" else "handoff"}
    return Answer([message], {"reason": reason, "priority": None, "evidence": evidence})
