"""What was promised to the customer, in the words in which it was: pure, whole sentences, nothing added."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SENTENCE = re.compile(r"[^。！？!?；;\n]+?(?:[。！？!?；;\n]+|\.(?=\s|$)|$)")
_QUESTION = re.compile(r"[?？]\s*$|[吗呢]\s*[。.]?\s*$")
_SPAN = r"(?:\w+|\d+)[- ](?:minutes?|hours?|(?:working |business )?days?|weeks?)"
_BY_PERSON = re.compile(
    r"(?:会|将|马上|立刻|立即|尽快|这就|保证|一定|承诺|负责)(?!员)|(?:今天|今晚|明天|后天|本周|下周|\d+天内|"
    r"小时内).{0,6}(?:发|寄|到账|处理|答复|联系)|"
    r"(?:告诉|联系|通知|回复|答复)您|(?:这就|现在就)去|预计.{0,12}(?:到账|送达|到货)|"
    r"\b(?:get back to|let) you\b|\bon its way\b|\bshould (?:be|arrive)\b.*\bby\b|"
    r"\b(?:I've|I have|we've|we have) asked\b|"
    r"(?:补发|承担|赔付|退到|退回|退给)(?!需|要)|给您(?:回电|回复|答复|补|退|换|寄|发)|"
    r"(?:\b(?:I|we|you|they|it|he|she|technician|colleague|team|courier|carrier|driver|somebody|someone|refund|money|"
    r"replacement)"
    r"(?:'ll|’ll| will| shall))\b|\b(?:I'?m|we'?re|I am|we are) going to\b|\b(?:promise|guarantee|make sure)\b",
    re.IGNORECASE,
)
_BY_BOT = re.compile(
    r"(?:您|为您|给您|联系您|退款|补偿|赔付).{0,14}(?:会|将).{0,12}(?:联系|回复|答复|通知|\d+\s?(?:分钟|小时|天|"
    r"个工作日)内)|(?:会|将).{0,10}(?:联系|通知|回复|答复)您|"
    r"我们?(?:会|将|保证|马上)|"
    r"\b(?:I|we)(?:'ll|’ll| will)\b|\bwill (?:call|contact|reach|write|e-?mail|notify|get back to) you\b|"
    rf"\b(?:refund|money|replacement|credit)\b[^,]{{0,40}}\bwithin {_SPAN}",
    re.IGNORECASE,
)
_NUMERAL = r"[\d一二三四五六七八九十两半几]+"
_SOON = rf"(?:{_NUMERAL}\s?(?:个|個)?(?:工作日|小时|小時|分钟|分鐘|天)(?:之)?[内內])"
_ROLE = (
    r"(?:agents?|specialists?|colleagues?|teams?|managers?|supervisors?|engineers?|technicians?|advisors?|someone|"
    r"somebody|"
    r"couriers?|drivers?|department|finance|warehouse|representatives?|experts?|staff|they)"
)
_THING = (
    r"(?:invoice|receipt|label|refund|replacement|parcel|package|order|code|link|e-?mail|confirmation|credit|money|"
    r"voucher|coupon|item|update|reply|answer|call)"
)
_WHEN = rf"(?:\bwithin\b|\bby \w+|\btoday\b|\btomorrow\b|\bshortly\b|\bsoon\b|\bin {_SPAN}|\bto you\b|\bto your\b)"
# What a bot promises without saying "I will": by others, by an act under way, or by a time.
_BY_BOT_TOO = re.compile(
    r"我(?:们|們)?(?:这就|這就|先|马上|馬上|已经?|已經|现在|現在|来|來)?(?:帮|幫|为|為|给|給|替)(?:您|"
    r"你)[^，,。]{0,16}?"
    r"(?:反馈|反饋|提交|催|转[给達达交]|轉[給達交]|登记|登記|安排|申请|申請|跟进|跟進|升级|升級|上报|上報|补发|補發|"
    r"备注|備註)|"
    r"(?:把|将|將)[^，,。]{1,14}(?:转[给达交]|轉[給達交]|反馈给|反饋給|提交给|提交給|上报|上報)|"
    r"(?<!您)(?<!可)(?:请|請|让|讓|安排|通知)(?!您|你|稍|先|在|到|点|點|问|問)[^，,。]{1,14}(?:联系|聯繫|聯絡|回电|"
    r"回電|回复|回覆|答复|致电|致電)(?:给|給)?(?:您|你)|"
    rf"(?:会|會|将|將)(?:在|于|於)?[^，,。]{{0,4}}{_SOON}|"
    r"(?:会|會|将|將)有[^，,。]{1,12}(?:回电|回電|联系|聯繫|聯絡|致电|致電|跟进|跟進|答复|回复|回覆)|"
    r"(?:会|會|将|將|稍后|稍後)[^，,。]{0,12}(?:给|給|向|跟|与|與|同)(?:您|你)[^，,。]{0,6}(?:回电|回電|致电|致電|"
    r"联系|聯繫|回复|回覆|发送|發送|答复|来电|來電)|"
    r"已(?:经|經)?(?:为您|為您|帮您|幫您|给您)?(?:提交|发起|發起|上报|上報|反馈|反饋)[^，,。]{0,10}(?:申请|申請|工单|"
    r"工單|给|給)|"
    r"\byou(?:'ll|’ll| will) (?:hear\b|receive\b|get (?:an?|the|your)\b|be (?:notified|contacted|called|refunded|"
    r"credited|e-?mailed))|"
    rf"\b{_ROLE}(?: \w+){{0,3}} will (?!not\b|need|be (?:able|needed|required)|only)\w+|"
    rf"\b{_THING}(?: \w+){{0,3}} will (?:be|arrive|reach|go|come|follow)\b.{{0,60}}{_WHEN}|"
    r"\b(?:I(?:'m|’m| am)|we(?:'re|’re| are)) (?:now |just )?(?:passing|forwarding|escalating|raising|arranging|"
    r"filing|submitting|"
    r"opening|handing|reporting|referring|requesting) (?!you\b)|"
    r"\b(?:I|we)(?:'ve|’ve| have)(?: just| now| already)? (?:forwarded|escalated|passed|referred|flagged|handed|"
    r"reported)\b"
    r"(?! you\b).{0,60}\b(?:to|with) (?!you\b|your\b)|"
    r"\b(?:I|we)(?:'ve|’ve| have)(?: just| now| already)? (?:submitted|filed|raised|requested|logged) (?:an?|the|"
    r"your) (?:\w+ ){0,3}"
    r"(?:request|claim|refund|return|replacement|complaint|investigation|ticket)\b",
    re.IGNORECASE,
)
# To be handed to a person is the handing over itself, and what cannot be promised is not.
_NO_PROMISE = re.compile(
    r"\b(?:I|we)(?:'ll|’ll| will)(?: \w+)? (?:connect|transfer|put|hand|pass|get) you\b[^,.;]*|"
    rf"\b(?:I|we)(?:'ll|’ll| will) need\b[^,.;]*|\b{_ROLE}(?: \w+){{0,3}} will (?:join|take over|be (?:with|"
    rf"right))\b[^,.;]*|"
    r"(?:我|这边|這邊)?(?:会|會|将|將|马上|馬上|这就|這就)?(?:帮|幫|为|為|给|給)(?:您|你)(?:转|轉)(?:接|过去|過去|到|"
    r"人工|客服)[^，,。]*|"
    r"\b(?:can(?:'t|’t|not)|can not|couldn(?:'t|’t)|won(?:'t|’t)|unable to|not able to)\b[^,.;]{0,10}(?:promise|"
    r"guarantee)[^,.;]*|"
    r"(?:不能|无法|無法|不敢|没法|難以|难以)(?:保证|保證|承诺|承諾)[^，,。]*|保证不了|保證不了",
    re.IGNORECASE,
)
_IN_GENERAL = re.compile(
    r"一般|通常|可以申请|如果|若您|\b(?:usually|normally|generally|can|could|may|might|if)\b", re.IGNORECASE
)


def promises_in(text: str, *, by_person: bool) -> Iterator[str]:
    """Sentences in which something is promised; of the bot's only those that are no rule for everybody."""
    for match in _SENTENCE.finditer(text):
        sentence = match.group().strip()
        if not sentence or _QUESTION.search(sentence):
            continue
        said = _NO_PROMISE.sub(" ", sentence)
        if by_person:
            promised = bool(_BY_PERSON.search(said))
        else:
            promised = bool(_BY_BOT.search(said) or _BY_BOT_TOO.search(said)) and not _IN_GENERAL.search(said)
        if promised:
            yield sentence
