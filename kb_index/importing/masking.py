"""Personal data in what customers and agents wrote, replaced by what it was; nobody can be told from an article."""

from __future__ import annotations

import re
from collections.abc import Callable

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_IDENTITY = re.compile(
    r"(?<![0-9A-Za-z])\d{6}[ -]?(?:18|19|20)\d{2}[ -]?(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])[ -]?\d{3}[\dXx](?![0-9A-Za-z])"
)
_OLD_IDENTITY = re.compile(r"(?i)(身份证(?:号码?)?\s*(?:是|为|[:：])?\s*)\d{15}(?!\d)")
_CARD = re.compile(r"(?<![0-9A-Za-z+])(?:\d[ -]?){11,18}\d(?![0-9A-Za-z])")
_PHONE = re.compile(
    r"(?<![0-9A-Za-z])(?:(?:\+|00)\d{1,3}[ -]?(?:\(?\d{1,4}\)?[ -]?){2,5}\d{2,4}|1[3-9]\d[ -]?\d{4}[ -]?\d{4}"
    r"|\(?0\d{2,3}\)?[ -]?\d{7,8}|\(?\d{3}\)?[ -]\d{3}-\d{4})(?![0-9A-Za-z])"
)
_NAMED_NUMBER = re.compile(
    r"(?i)((?:订单|定单|单据|运单|快递|物流|流水|交易|退款|工单|訂單|order|tracking|ticket|transaction|invoice|parcel|account|账户|账号|帐号|合同|发票)"
    r"(?:编号|号码|号|單號|单号|number|no|num|id)?\.?\s*(?:是|为|為|is|[:：#])?\s*#?\s*)((?=[A-Za-z0-9-]*\d{3})[A-Za-z0-9][A-Za-z0-9-]{4,40})"
)
_CODE = re.compile(r"(?<![0-9A-Za-z.])[A-Za-z]{0,6}-?\d[\dA-Za-z-]{6,40}(?![0-9A-Za-z])")
_DIGITS_OF_A_CODE = 6
_ADDRESS = re.compile(
    r"[\u4e00-\u9fff]{2,12}(?:省|市|区|县|镇)[\u4e00-\u9fff\d]{0,20}(?:路|街|道|巷|弄|小区|花园)[\u4e00-\u9fff]{0,6}\d+[号弄栋幢室单元\d-]*"
)
_NAME = re.compile(
    r"(?i)((?:我叫|我是|我的名字是|姓名|收件人|收货人|联系人)\s*[:：是]?\s*)[\u4e00-\u9fff]{2,4}(?=[，,。.；;\s]|$)"
)
_ENGLISH_NAME = re.compile(r"((?:[Mm]y name is|[Nn]ame:)\s+)[A-Z][a-z]+(?:\s+[A-Z][a-z]+){0,2}")
_SERVICE = re.compile(
    r"(?<![\d-])20\d{2}-[01]\d-[0-3]\d(?![\d-])|(?<!\d)(?:(?:400|800)[ -]?\d{3}[ -]?\d{4}|(?:95|96|12|10)\d{3})(?!\d)"
)

WORDS = {
    "zh": {
        "email": "[邮箱]", "identity": "[证件号]", "card": "[卡号]", "phone": "[电话]", "number": "[单号]",
        "address": "[地址]", "name": "[姓名]",
    },
    "en": {
        "email": "[e-mail]", "identity": "[ID number]", "card": "[card number]", "phone": "[phone]",
        "number": "[number]", "address": "[address]", "name": "[name]",
    },
}  # fmt: skip


def masked(text: str, *, language: str) -> tuple[str, int]:
    """The text with personal data replaced, and how many times; dates and public service numbers (400, 95xxx) stay."""
    words = WORDS[language if language in WORDS else "en"]
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[0])
        return f"\ue000{chr(0xE100 + len(kept) - 1)}\ue001"

    count = 0
    text = _SERVICE.sub(keep, re.sub(r"[\ue000-\uf8ff]", "", text)) if len(text) < 100_000 else text
    replacements: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
        (_EMAIL, words["email"]),
        (_IDENTITY, words["identity"]),
        (_OLD_IDENTITY, rf"\g<1>{words['identity']}"),
        (_NAMED_NUMBER, rf"\g<1>{words['number']}"),
        (_CARD, words["card"]),
        (_PHONE, words["phone"]),
        (_CODE, lambda found: words["number"] if _is_code(found[0]) else found[0]),
        (_ADDRESS, words["address"]),
        (_NAME, rf"\g<1>{words['name']}"),
        (_ENGLISH_NAME, rf"\g<1>{words['name']}"),
    )
    for pattern, replacement in replacements:
        before = text
        text, times = pattern.subn(replacement, text)
        count += times if text != before else 0
    return re.sub(r"\ue000(.)\ue001", lambda found: kept[ord(found[1]) - 0xE100], text), count


def _is_code(text: str) -> bool:
    return sum(each.isdigit() for each in text) >= _DIGITS_OF_A_CODE
