"""Personal data in a text, replaced by what kind of data it was, before anything is stored or sent away."""

from __future__ import annotations

import re

# Full-width letters, digits and marks fold one to one, so that places in the folded text are those in the text.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_HALF_WIDTH[0x3000] = 0x20

# What looks like a number of a person and is none: dates, amounts of money, service numbers of companies.
_HARMLESS = re.compile(
    r"(?<!\d)(?:"
    r"(?:19|20)\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?![-\d])"
    r"|[¥$€£]\s?\d[\d,]*(?:\.\d+)?"
    r"|\d[\d,]*(?:\.\d+)?\s?(?:元|块|万|usd|rmb|cny|yuan|dollars?)"
    r"|[48]00[- ]?\d{3,4}[- ]?\d{3,4}"
    r"|(?:95|96|12|10)\d{3}"
    r")(?!\d)",
    re.IGNORECASE,
)

# In this order; what one has taken the next leaves alone. With a group "is" only that is replaced.
_PERSONAL = [
    (kind, re.compile(pattern, re.IGNORECASE if kind in ("account", "named") else 0))
    for kind, pattern in (
        ("e-mail", r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+"),
        ("account", r"wxid_[a-z0-9]{4,}"),
        ("account", r"(?<=微信号)\s?(?:[:是]\s?)?[a-z][a-z0-9_-]{5,}"),
        ("account", r"(?<=wechat id)\s?(?::|is)?\s?[a-z][a-z0-9_-]{5,}"),
        ("account", r"(?<=qq)\s?号?\s?[:是]?\s?\d{5,}"),
        (
            "ID",
            r"(?<![\dA-Za-z])\d{6}[ -]?(?:18|19|20)\d{2}[ -]?(?:0[1-9]|1[0-2])[ -]?\d{2}[ -]?\d{3}[\dXx](?![\dA-Za-z])",
        ),
        ("ID", r"身份证(?:号码?)?\s*(?:是|为|:)?\s*(?P<is>\d{15})(?!\d)"),
        ("card", r"(?<![\dA-Za-z+])\d{4}(?:[ -]?\d{4}){3}(?:[ -]?\d{1,3})?(?![\dA-Za-z])"),
        ("phone", r"(?<![\dA-Za-z])(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}(?!\d)"),
        ("phone", r"(?<![\dA-Za-z])(?:\+|00)\d{1,3}(?:[ -]?\(?\d{1,4}\)?){2,5}(?!\d)"),
        ("phone", r"(?<![\dA-Za-z])\(?0\d{2,3}\)?[- ]?\d{7,8}(?!\d)"),
        ("phone", r"(?<![\dA-Za-z])\(?\d{3}\)?[- ]\d{3}[- ]\d{4}(?!\d)"),
        (
            "named",
            r"(?:订单|定单|单据|运单|快递|物流|流水|交易|退款|工单|訂單|账户|账号|帐号|合同|发票"
            r"|order|tracking|ticket|transaction|invoice|parcel|account)"
            r"(?:编号|号码|单号|單號|号|number|no|num|id)?\.?\s*(?:是|为|為|is|[:#])?\s*#?\s*"
            r"(?P<is>(?=[A-Za-z0-9-]*\d{3})[A-Za-z0-9][A-Za-z0-9-]{4,40})",
        ),
        ("card", r"(?<![\dA-Za-z])(?:\d[ -]?){11,18}\d(?![\dA-Za-z])"),
        ("number", r"[零〇一二三四五六七八九幺]{7,}"),
        ("number", r"(?<![A-Za-z\d])[A-Za-z]{0,6}-?\d(?:[ -]?\d){5,}[A-Za-z]{0,3}(?![A-Za-z\d])"),
        ("number", r"(?<![A-Za-z\d.])(?=(?:[A-Za-z-]*\d){6})[A-Za-z]{0,6}-?\d[\dA-Za-z-]{6,40}(?![A-Za-z\d])"),
        (
            "address",
            r"[\u4e00-\u9fff]{2,12}(?:省|市|区|县|镇)[\u4e00-\u9fff\d]{0,20}(?:路|街|道|巷|弄|小区|花园)"
            r"[\u4e00-\u9fff]{0,6}\d+[号弄栋幢室单元\d-]*",
        ),
        (
            "name",
            r"(?:我叫|我是|我的名字是|姓名|收件人|收货人|联系人)\s*[:是]?\s*(?P<is>[\u4e00-\u9fff]{2,4})(?=[,。.;\s]|$)",
        ),
        ("name", r"(?:[Mm]y name is|[Nn]ame:)\s+(?P<is>[A-Z][a-z]+(?:\s+[A-Z][a-z]+){0,2})"),
    )
]

_WORDS = {
    "zh": {
        "e-mail": "邮箱", "account": "账号", "ID": "证件号", "phone": "电话", "named": "单号", "card": "卡号",
        "number": "单号", "address": "地址", "name": "姓名",
    },
    "en": {
        "e-mail": "e-mail", "account": "account", "ID": "ID number", "phone": "phone", "named": "number",
        "card": "card number", "number": "number", "address": "address", "name": "name",
    },
}  # fmt: skip


def mask(text: str, *, language: str = "en") -> tuple[str, int]:
    """The text with "[phone]", "[e-mail]" … in the words of zh or en for what names a person, and how often.

    Names are known only behind words such as "my name is", addresses only in the Chinese form with a house number.
    Dates, amounts of money and service numbers (400, 800, 95xxx) stay, because answers are made of them.
    """
    words = _WORDS.get(language, _WORDS["en"])
    folded = text.translate(_HALF_WIDTH)
    taken = [match.span() for match in _HARMLESS.finditer(folded)]
    found: list[tuple[int, int, str]] = []
    for kind, pattern in _PERSONAL:
        for match in pattern.finditer(folded):
            start, end = match.span("is" if "is" in pattern.groupindex else 0)
            if all(end <= begun or start >= ended for begun, ended in taken):
                taken.append((start, end))
                found.append((start, end, words[kind]))
    for start, end, word in sorted(found, reverse=True):
        text = f"{text[:start]}[{word}]{text[end:]}"
    return text, len(found)
