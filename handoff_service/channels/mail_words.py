"""What somebody has newly written in a mail: without the mail that he answers, and without his signature. Pure.

Clients mark what they quote in their own ways; these are those of the usual ones in Chinese and English. When nothing
would be left the whole text stays: better too much than a message that nobody sees.
"""

from __future__ import annotations

import nh3
import regex
from selectolax.lexbor import LexborHTMLParser, LexborNode

# Lines after which everything is the older mail.
DIVIDERS = regex.compile(
    r"""^\s*(?:
        [-_*=]{2,}\s*
        (?:original\ message|forwarded\ message|原始邮件|原邮件|转发的邮件|转发邮件信息|回复的原邮件)
        \s*[-_*=]{2,}.*
        | _{20,}
        | begin\ forwarded\ message:
    )\s*$""",
    regex.IGNORECASE | regex.VERBOSE,
)
# The head of the older mail: two of these in neighbouring lines, the first of which names its sender.
FROM = regex.compile(r"^\s*[*>]*\s*(?:from|发件人|寄件者|寄件人)\s*[*]*\s*[:：]", regex.IGNORECASE)
ALSO = regex.compile(
    r"^\s*[*>]*\s*(?:sent|date|to|subject|cc|发送时间|发送日期|日期|时间|收件人|主题|抄送)\s*[*]*\s*[:：]",
    regex.IGNORECASE,
)
# "On Monday Ann wrote:", perhaps over three lines; "在 2026年11月22日，客服 写道："
WROTE = regex.compile(
    r"""^\s*[>]*\s*(?:
        (?:on|at|le|am)\b.{6,240}?\b(?:wrote|writes)\s*:
        | (?:在|于)?.{0,200}?(?:写道|寫道|写到)\s*[:：]
        | .{0,200}?[<＜]\S+@\S+[>＞].{0,80}?(?:wrote|写道|寫道)\s*[:：]
    )\s*$""",
    regex.IGNORECASE | regex.VERBOSE | regex.DOTALL,
)
FOLDED = regex.compile(r"^\s*[>]*\s*(?:on|at|le|am|在|于)(?:\s|\p{Han}|\d)", regex.IGNORECASE)  # it may begin so
QUOTED = regex.compile(r"^\s*[>＞|]")
SIGNATURE = regex.compile(r"^--\s?$")
# What telephones and programs add beneath.
ADDED = regex.compile(
    r"""^\s*[-—–]*\s*(?:
        sent\ from\ (?:my|mail|outlook|yahoo|proton).* | get\ outlook\ for.* | sent\ via\ .*
        | (?:发自|發自|来自|來自|从|自).{0,12}(?:iphone|ipad|手机|邮箱|邮件|安卓|android|华为|小米|客户端).*
        | 获取\s*outlook.*
    )\s*$""",
    regex.IGNORECASE | regex.VERBOSE,
)
MOST_LINES = 20_000
SPAN = 3  # lines over which a "wrote" may be folded
QUOTES = (
    "blockquote, .gmail_quote, .gmail_extra, .moz-cite-prefix, .yahoo_quoted, #divRplyFwdMsg, #appendonsend,"
    " includetail, .ntes-mailmaster-quote, #ntes-pcmail-quote, .qmail_quote, #isReplyContent,"
    " #mail-editor-reference-message-container"
)
SIGNATURES = (
    ".gmail_signature, .moz-signature, #Signature, #ms-outlook-mobile-signature, .foxmail_sign, sign, #spnEditorSign"
)
BREAKS = frozenset(
    ("p", "div", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "blockquote", "pre", "section")
)
MARKS = frozenset(("p", "br", "b", "strong", "i", "em", "a", "code", "ul", "ol", "li", "blockquote"))


def new_words(text: str) -> str:
    """The text without the quoted mail and the signature; the whole text when nothing else is in it."""
    whole = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
    lines = _without_signature(_without_quotes(whole.split("\n")[:MOST_LINES]))
    kept = regex.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()
    return kept or whole.strip()


def words_of_html(content: str) -> str:
    """The text of a page as a reader sees it, without what it quotes; nothing in it is ever run or fetched."""
    tree = LexborHTMLParser(content)
    for node in tree.css("head, script, style, template, title"):
        node.decompose()
    body = tree.body
    if body is None:
        return ""
    whole = _text(body)
    for node in tree.css(f"{QUOTES}, {SIGNATURES}"):
        if node.parent is not None:
            node.decompose()
    return _text(body).strip() or whole.strip()


def safe_html(content: str) -> str:
    """A page of which only harmless marks and links are left: no style, no picture, no script."""
    return nh3.clean(content, tags=set(MARKS), attributes={"a": {"href"}}, url_schemes={"https", "http", "mailto"})


def _without_quotes(lines: list[str]) -> list[str]:
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if DIVIDERS.match(line) or _is_head(lines, at):
            break  # all behind it is older
        span = _wrote(lines, at)
        if span:
            behind = [one for one in lines[at + span :] if one.strip()]
            if not behind or not QUOTED.match(behind[0]):
                break  # the older mail stands there as it is
            at += span
            continue
        if not QUOTED.match(line):
            kept.append(line)
        at += 1
    return kept


def _is_head(lines: list[str], at: int) -> bool:
    near = [one for one in lines[at + 1 : at + 6] if one.strip()]
    return bool(FROM.match(lines[at])) and any(ALSO.match(one) for one in near[:3])


def _wrote(lines: list[str], at: int) -> int:
    """How many lines from here say that somebody wrote what follows; 0 when they do not."""
    if not lines[at].strip():
        return 0
    for span in range(1, SPAN + 1 if FOLDED.match(lines[at]) else 2):
        said = " ".join(one.strip() for one in lines[at : at + span])
        if len(said) <= 320 and WROTE.match(said):
            return span
    return 0


def _without_signature(lines: list[str]) -> list[str]:
    for number, line in enumerate(lines):
        if number and SIGNATURE.match(line):
            lines = lines[:number]
            break
    while lines and (not lines[-1].strip() or ADDED.match(lines[-1])):
        lines = lines[:-1]
    return lines


def _text(node: LexborNode) -> str:
    """Words in their order; block elements and <br> begin new lines."""
    found: list[str] = []
    for one in node.traverse(include_text=True):
        if one.tag == "-text":
            found.append(regex.sub(r"\s+", " ", one.text(deep=False) or ""))
        elif one.tag == "br" or one.tag in BREAKS:
            found.append("\n")
    lines = (line.strip() for line in "".join(found).split("\n"))
    return regex.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
