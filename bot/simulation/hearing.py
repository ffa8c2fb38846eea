"""What a simulated customer makes of an answer: what is asked for, whether it is done, whether it calms.

Read from the text alone, as a person would; the same reading works for answers that a human agent types.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# What a question asks for; the first whose words occur in an asking sentence wins.
ASKS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(words, re.IGNORECASE)
    for name, words in {
        "confirm": r"确认.{0,12}(?:吗|？|\?)|是否(?:确认|提交)|要(?:提交|继续|办理|取消|这样).{0,8}吗|对吗"
        r"|可以(?:提交|办理)吗|(?:点|回复).{0,8}确认|shall (?:i|we) (?:submit|do|go)|should i"
        r"|do you confirm|please confirm|press .yes|is that (?:right|correct)"
        r"|go (?:ahead|on)(?: with it)?\?|submit (?:it|this)\?|confirm\?|reply .?yes",
        "phone_tail": r"后四位|末四位|最后四位|尾号|last (?:four|4)",
        "reference": r"流水号|交易号|哪一笔没|reference|which of these did not",
        "order_number": r"订单号|哪(?:个|一个|一?笔)订单|哪一?单|(?<!流水)单号|下面其中一单|order number"
        r"|which (?:order|of these orders)|is it one of these|LY and 11 digits",
        "kind": r"个人还是公司|a person or a company|person or company",
        "title": r"抬头|name goes on|made out to|company name|company's full name",
        "tax_number": r"税号|信用代码|tax (?:number|id)|credit code",
        "coupon": r"券码|优惠码|哪一?张|code of|like a code|coupon code|which coupon|which of them|the code"
        r"|has letters",
        "email": r"邮箱|e-?mail",
        "address": r"地址|写全省|address|street and number",
        "time": r"什么时间|什么时候方便|几点|方便的时间|what time|me a time|when (?:would|should|shall|is|can|may) ",
        "phone": r"手机号|电话|号码|联系方式|phone number|which number|leave a number|reach you",
        "picture": r"照片|图片|截图|photo|picture|screenshot",
        "document": r"证件|哪种(?:材料|证)|document|passport|use a valid one",
        "day": r"哪(?:一)?天|日期|which day|what day|what date",
        "name": r"姓名|怎么称呼|收件人|your name|whose name",
        "variant": r"换(?:成)?(?:什么|哪)|规格|which (?:size|colour|model)|what would you like instead",
        "method": r"上门|自己寄|怎么寄|方式|pick[ -](?:it )?up|post(?:ing)? it|which way|method",
        "remedy": r"希望.{0,6}(?:解决|处理)|怎么解决|would you like us to do|put it right",
        "amount": r"多少(?:钱|金额)|金额|how much|amount",
        "details": r"原因|为什么|怎么了|哪里不|发生了什么|什么问题|哪方面|经过|具体|说(?:一)?说|描述|事情"
        r"|reason|why|what (?:is|was|went) wrong|what happened|tell me (?:more|what)|describe"
        r"|what is .{0,20}about|about\?",
    }.items()
}
ASKING = re.compile(
    r"[?？]|请(?:您)?(?:再|把|只)?(?:发|提供|告诉|说|选|确认|回复|描述|填|问|输入|留|写|核对)|再发|麻烦|点“|经过告诉我"
    r"|发给我|里发|写全省|例如|(?:不像|不对)(?:.{0,4}码|.{0,4}号|。|$)"
    r"|please (?:send|tell|give|choose|confirm|leave|check|add|use)|send me|just send|press|such as|look like a"
    r"|has (?:\d+|letters)|, please",
    re.IGNORECASE,
)
DONE = re.compile(
    r"改好了|撤销好了|(?:已|成功)(?:经)?(?:为您|帮您|给您)?(?:提交|申请|取消|修改|改|登记|受理|记录|安排|创建|办理|关闭|注销|更新|收到)|办好了|登记好了|工单号|案件号"
    r"|\bdone:|being traced|(?:is|has been|have been|was) (?:now )?(?:submitted|requested|cancelled|changed"
    r"|updated|registered|recorded|filed|booked|arranged|noted|placed|set up|started)\b|case number",
    re.IGNORECASE,
)
SOLVED = re.compile(
    r"解决(?:了|您的问题)?(?:了)?吗|帮到您|有帮助吗|did (?:this|that) (?:solve|help)|solved\?|did that answer",
    re.IGNORECASE,
)
CANNOT = re.compile(
    r"不能|无法|没办法|不支持|超过|已经(?:发货|发出|过期|退|取消)|不符合|没有找到|查不到|找不到|没查到|不可以|过期"
    r"|先处理|不需要|不用再|要先登录|上限|没有可以|没有提交|没有能"
    r"|can't|cannot|can not|could not|couldn't|not possible|too late|already|expired|no longer|not found|no order"
    r"|isn't|unable"
    r"|settled first|nothing left|no need|be signed in|did not accept|nothing was|are over|have no\b|has shipped",
    re.IGNORECASE,
)
NOT_KNOWN = re.compile(
    r"资料里没有|还不会答|没听明白|答不上来|nothing on that|(?:cannot|can't) (?:answer|find the answer)|didn't catch"
    r"|put it another way|rephrase",
    re.IGNORECASE,
)
"""The bot was not understood or does not know: who hears that says it again, and does not take it for a no."""

SOOTHES = re.compile(r"抱歉|对不起|理解您|不好意思|sorry|apologi[sz]e|understand how", re.IGNORECASE)
OFFERS_HUMAN = re.compile(
    r"转(?:接)?(?:给)?人工|人工(?:同事|客服).{0,8}(?:吗|？)|talk to a (?:person|human)|bring in a (?:person|human)"
    r"|human colleague",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(r"(?<=[。！？!?])|(?<=\.)\s|\n")
NUMBER = re.compile(r"LY\d{11}", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One answer as understood: `asks` is a name of ASKS, `orders` the order numbers that it named."""

    text: str
    asks: str | None
    done: bool
    solved: bool
    cannot: bool
    soothes: bool
    offers_human: bool
    orders: tuple[str, ...]


def hear(text: str) -> Heard:
    """The reading of an answer; its last asking sentence says what is wanted."""
    sentences = [part.strip() for part in SENTENCE_END.split(text) if part.strip()]
    asks = None
    for sentence in reversed(sentences):
        if ASKING.search(sentence) and (asks := asked_for(sentence)) is not None:
            break
    solved = SOLVED.search(text) is not None
    return Heard(
        text=text,
        asks=None if solved and asks != "confirm" else asks,
        done=DONE.search(text) is not None,
        solved=solved,
        cannot=any(CANNOT.search(each) and not NOT_KNOWN.search(each) for each in sentences),
        soothes=SOOTHES.search(text) is not None,
        offers_human=OFFERS_HUMAN.search(text) is not None,
        orders=tuple(number.upper() for number in NUMBER.findall(text)),
    )


def asked_for(sentence: str) -> str | None:
    """The name of what a sentence asks for, None when it asks for nothing known."""
    return next((name for name, words in ASKS.items() if words.search(sentence)), None)


def choice_among(titles: Sequence[str], wanted: Sequence[str]) -> str | None:
    """The button whose title holds one of the words that the customer looks for."""
    for word in wanted:
        for title in titles:
            if word and word.lower() in title.lower():
                return title
    return None


def choice_titles(titles: Sequence[str], words: Sequence[str]) -> list[str]:
    """The buttons whose title holds one of the words."""
    return [title for title in titles if any(word.lower() in title.lower() for word in words)]
