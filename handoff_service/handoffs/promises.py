"""What was promised to the customer, in the words in which it was: pure, whole sentences, nothing added."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SENTENCE = re.compile(r"[^。！？!?；;\n]+?(?:[。！？!?；;\n]+|\.(?=\s|$)|$)")
_QUESTION = re.compile(r"[?？]\s*$|[吗呢]\s*[。.]?\s*$")
_SPAN = r"(?:\w+|\d+)[- ](?:minutes?|hours?|(?:working |business )?days?|weeks?)"
_BY_PERSON = re.compile(
    r"(?:会|将|马上|立刻|立即|尽快|这就|保证|一定|承诺|负责)(?!员)|(?:今天|今晚|明天|后天|本周|下周|\d+天内|小时内).{0,6}(?:发|寄|到账|处理|答复|联系)|"
    r"(?:告诉|联系|通知|回复|答复)您|(?:这就|现在就)去|预计.{0,12}(?:到账|送达|到货)|"
    r"\b(?:get back to|let) you\b|\bon its way\b|\bshould (?:be|arrive)\b.*\bby\b|"
    r"\b(?:I've|I have|we've|we have) asked\b|"
    r"(?:补发|承担|赔付|退到|退回|退给)|给您(?:回电|回复|答复|补|退|换|寄|发)|"
    r"(?:\b(?:I|we|you|they|it|he|she|technician|colleague|team|courier|carrier|driver|somebody|someone|refund|money|replacement)"
    r"(?:'ll|’ll| will| shall))\b|\b(?:I'?m|we'?re|I am|we are) going to\b|\b(?:promise|guarantee|make sure)\b",
    re.IGNORECASE,
)
_BY_BOT = re.compile(
    r"(?:您|为您|给您|联系您|退款|补偿|赔付).{0,14}(?:会|将).{0,12}(?:联系|回复|答复|通知|\d+\s?(?:分钟|小时|天|个工作日)内)|(?:会|将).{0,10}(?:联系|通知|回复|答复)您|"
    r"我们?(?:会|将|保证|马上)|"
    r"\b(?:I|we)(?:'ll|’ll| will)\b|\bwill (?:call|contact|reach|write|e-?mail|notify|get back to) you\b|"
    rf"\b(?:refund|money|replacement|credit)\b[^,]{{0,40}}\bwithin {_SPAN}",
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
        by_bot = not by_person and _BY_BOT.search(sentence) and not _IN_GENERAL.search(sentence)
        if by_bot or (by_person and _BY_PERSON.search(sentence)):
            yield sentence
