"""Text as it comes out of files, made printable: encodings, invisible characters, line breaks, languages."""

from __future__ import annotations

import re
import unicodedata

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_SPACES = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u3000]+")
_BLANK_LINES = re.compile(r"\n\s*\n\s*(?:\n\s*)*")
_KANGXI = re.compile(r"[\u2e80-\u2fdf]")
_SUPPLEMENT = dict(
    zip(
        "⺁⺟⺠⻁⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰⻳⺼⻌⻏⻄",
        "厂母民虎见角贝车长门青韦页风飞食马骨鬼鱼鸟麦黄齐齿龙龟月辶阝西",
        strict=True,
    )
)
# The commonest characters of written Chinese by script: text that was decoded with a wrong table has few of them.
_COMMON = frozenset(
    "的一是不了在有人我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里"
    "用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实"
    "日者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美"
    "请您款退货单付支账号服务客户订快递费密码登录价格时間問題請您退貨單帳號務訂遞費們這來個會對說現沒動過發後裡"
    "，。？！、：；（）「」《》"
)
_SCRIPTS = {"CJK": "han", "LATIN": "latin", "HIRAGANA": "kana", "KATAKANA": "kana", "FULLWIDTH": "latin"}
_ENGLISH = frozenset(
    re.findall(
        r"\w+",
        "the a an of to in is are and or for on with you your we our it this that can be not if by at from as will "
        "how do what when my i have has was who which any all no more may please",
    )
)
SAMPLE = 20_000


def decoded(content: bytes) -> tuple[str, str]:
    """The text and the encoding it was in; raises ValueError when it is no text in any of the known ones.

    A byte order mark decides; then what is valid UTF-8 is; then UTF-16 by its zero bytes; else GB18030 or Big5,
    whichever gives more of the characters that Chinese is mostly written with.
    """
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content.decode(encoding), encoding
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        if "\x00" not in text[:SAMPLE]:
            return text, "utf-8"
    for encoding in ("utf-16-le", "utf-16-be"):
        if _looks_like_utf_16(content, encoding):
            return content.decode(encoding), encoding
    candidates = []
    for encoding in ("gb18030", "big5hkscs"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        candidates.append((_familiar(text), encoding == "gb18030", text, encoding))
    if candidates:
        familiar, _, text, encoding = max(candidates)
        if familiar >= 0.12 and "\x00" not in text[:SAMPLE]:
            return text, encoding
    raise ValueError("the encoding is not UTF-8, UTF-16, GB18030 or Big5: save the file as UTF-8")


def _looks_like_utf_16(content: bytes, encoding: str) -> bool:
    sample = content[: SAMPLE - SAMPLE % 2]
    if len(content) % 2 or not (b"\n\x00" in sample or b"\x00\n" in sample):
        return False
    try:
        text = sample.decode(encoding, errors="strict" if len(content) <= SAMPLE else "ignore")
    except UnicodeDecodeError:
        return False
    return "\n" in text and "\x00" not in text and _printable(text) > 0.98


def _printable(text: str) -> float:
    return sum(each.isprintable() or each in "\r\n\t" for each in text) / max(len(text), 1)


def _familiar(text: str) -> float:
    """The share of the common characters among those that are not ASCII."""
    foreign = [each for each in text[:SAMPLE] if ord(each) > 127]
    return sum(each in _COMMON for each in foreign) / max(len(foreign), 1)


def clean(text: str) -> str:
    """The text without invisible characters, with single spaces and at most one blank line between paragraphs."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n\n")
    text = _CONTROL.sub("", unicodedata.normalize("NFC", text))
    lines = [_SPACES.sub(" ", line).rstrip() for line in text.split("\n")]
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def one_line(text: str) -> str:
    """The text on one line, joined as its language is written."""
    return join_lines(clean(text).split("\n"))


def join_lines(lines: list[str]) -> str:
    """One paragraph out of its printed lines: Chinese without a gap, English with one, hyphenated words whole."""
    joined = ""
    for line in (each.strip() for each in lines):
        if not line:
            continue
        if not joined:
            joined = line
        elif joined[-1] in "\x02\u00ad" or (
            joined[-1] == "-" and len(joined) > 1 and joined[-2].isalpha() and line[0].islower()
        ):
            joined = joined[:-1] + line
        elif _wide(joined[-1]) or _wide(line[0]):
            joined += line
        else:
            joined += f" {line}"
    return joined


def _wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF" or character in "“”‘’…—·"


def without_radicals(text: str) -> str:
    """Characters that a PDF names by their radicals (⽤, ⻚) as the characters they are meant to be (用, 页)."""
    return _KANGXI.sub(lambda found: _SUPPLEMENT.get(found[0]) or unicodedata.normalize("NFKC", found[0]), text)


def language_of(text: str) -> str | None:
    """ "zh" or "en"; None when the text is written in something else, or in no language at all."""
    counts = {"han": 0, "latin": 0, "kana": 0, "other": 0}
    for character in text[:SAMPLE]:
        if character.isalpha():
            name = unicodedata.name(character, "?").split()[0].split("-")[0]
            counts[_SCRIPTS.get(name, "other")] += 1
    letters = sum(counts.values())
    if not letters or counts["other"] > letters * 0.3 or counts["kana"] > letters * 0.15:
        return None
    if counts["han"] * 3 >= counts["latin"]:
        return "zh"
    words = re.findall(r"[a-z']+", text[:SAMPLE].lower())
    foreign = len(words) >= 40 and sum(word in _ENGLISH for word in words) < len(words) * 0.12
    return None if foreign else "en"
