"""What somebody has newly written in a mail: without the mail that he answers, and without his signature. Pure.

Clients mark what they quote in their own ways; these are those of the usual ones in Chinese and English. When nothing
would be left the whole text stays: better too much than a message that nobody sees.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice

import nh3
import regex
from selectolax.lexbor import LexborHTMLParser, LexborNode

# All patterns look at the stripped beginning of a line (`_looked`), and none has two neighbours that take the same
# characters: whatever somebody sends, a line costs what it is long.
LOOKED = 1_000  # characters
# Lines after which everything is the older mail.
DIVIDERS = regex.compile(
    r"""^(?:
        [-_*=]{2,}\s*
        (?:original\ message|forwarded\ message|原始邮件|原邮件|转发的邮件|转发邮件信息|回复的原邮件)
        \s*[-_*=]{2,}.*
        | _{20,}
        | begin\ forwarded\ message:
    )\s*$""",
    regex.IGNORECASE | regex.VERBOSE,
)
# The head of the older mail names its sender, and in neighbouring lines what else a mail has. Customers write "From:
# Shanghai" and "收件人：李四" too: only an address, or a subject and a date, make it a head.
FROM = regex.compile(r"^[\s*>]*(?:from|发件人|寄件者|寄件人)[\s*]*[:：]", regex.IGNORECASE)
SUBJECT = regex.compile(r"^[\s*>]*(?:subject|主题|主旨)[\s*]*[:：]", regex.IGNORECASE)
DATE = regex.compile(r"^[\s*>]*(?:sent|date|发送时间|发送日期|日期|时间)[\s*]*[:：]", regex.IGNORECASE)
TO = regex.compile(r"^[\s*>]*(?:to|cc|收件人|抄送)[\s*]*[:：]", regex.IGNORECASE)
ADDRESS = regex.compile(r"[^\s@<>]@[A-Za-z0-9-]")
# "On Monday Ann wrote:", perhaps over three lines; "在 2026年11月22日，客服 写道："
WROTE = regex.compile(
    r"""^[\s>]*(?:
        (?:on|at|le|am)\b.{6,240}?\b(?:wrote|writes)\s*:
        | (?:在|于)?.{0,200}?(?:写道|寫道|写到)\s*[:：]
        | .{0,200}?[<＜][^\s@<>＜＞]{1,99}@[^\s@<>＜＞]{1,199}[>＞].{0,80}?(?:wrote|写道|寫道)\s*[:：]
    )\s*$""",
    regex.IGNORECASE | regex.VERBOSE | regex.DOTALL,
)
COLONS = (":", "：")  # such a line ends with one, and most lines do not: they need no search
FOLDED = regex.compile(r"^[\s>]*(?:on|at|le|am|在|于)(?:\s|\p{Han}|\d)", regex.IGNORECASE)  # it may begin so
QUOTED = regex.compile(r"^[>＞|]")
SIGNATURE = regex.compile(r"^--\s?$")
# What telephones and programs add beneath: the line ends behind the device's name, else a customer has written it.
ADDED = regex.compile(
    r"""^[\s\-—–]*(?:
        sent\ (?:from|via)\ [^,;:!?]{0,30}?
        \b(?:iphone|ipad|ipod|android|phone|smartphone|samsung|galaxy|huawei|xiaomi|pixel|blackberry|device|tablet
          |mobile|windows|outlook|yahoo|proton|gmail|mail|mailbox|mac|macbook)
        (?:\s(?:\d+|pro|max|plus|mini|ultra|galaxy|phone|smartphone|device|tablet|mail|app)){0,4}
        (?:\s(?:for|on)\s[\w\ ]{1,30})? \.?
        | get\ outlook\ for\ (?:ios|android|mac|windows)\b\W?\S{0,60}
        | 获取\s?(?:outlook\s?for\s?(?:ios|android)|适用于\s?(?:ios|android)\s?的\s?outlook)\W?\S{0,60}
        | (?:发自|發自|(?:来自|來自)我的)
          (?=.{0,30}(?:iphone|ipad|android|outlook|手机|手機|邮箱|郵箱|邮件|郵件|安卓|华为|華為|小米|客户端|客戶端|平板|电脑))
          (?:我的|网易|新浪|搜狐|阿里|企业|腾讯|三星|荣耀|红米|华为|華為|小米|苹果|安卓|手机|手機|平板|电脑|邮箱|郵箱|邮件|郵件
            |大师|客户端|客戶端|[A-Za-z0-9+\ ])+ [.。]?
    )$""",
    regex.IGNORECASE | regex.VERBOSE,
)
LONGEST_ADDED = 120  # characters
MOST_LINES = 20_000
SPAN = 3  # lines over which a "wrote" may be folded
UNSEEN = ("head", "script", "style", "template", "title")
QUOTES = (
    "blockquote, .gmail_quote, .gmail_extra, .moz-cite-prefix, .yahoo_quoted, #divRplyFwdMsg, #appendonsend,"
    " includetail, .ntes-mailmaster-quote, #ntes-pcmail-quote, .qmail_quote, #isReplyContent,"
    " #mail-editor-reference-message-container"
)
SIGNATURES = (
    ".gmail_signature, .moz-signature, #Signature, #ms-outlook-mobile-signature, .foxmail_sign, sign, #spnEditorSign"
)
OLDER = (QUOTES, SIGNATURES)
SPACE = regex.compile(r"\s+")
EMPTY_LINES = regex.compile(r"\n{3,}")
BREAKS = frozenset(
    ("p", "div", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "blockquote", "pre", "section")
)
# Elements that hold nothing, or end by themselves where the next one begins: no page grows deep by them.
SHALLOW = frozenset(
    ("br", "img", "hr", "meta", "link", "input", "wbr", "col", "area", "base", "source", "embed", "param", "track",
     "p", "li", "td", "th", "tr", "dd", "dt", "option", "tbody", "thead", "tfoot", "colgroup")
)  # fmt: skip
NAMED = regex.compile(r"<(/?)([a-z][a-z0-9-]{0,30})", regex.IGNORECASE)
TAG = regex.compile(r"<[^<>]*>?")
# A reader of pages takes so long as a page is long and as deep as it is: of what no person has written, the words are
# enough.
DEEPEST = 400  # elements that lie within each other; forty answers of a thread within each other are half as many
LONGEST_PAGE = 1_000_000  # characters
MOST_NODES = 40_000
MARKS = frozenset(("p", "br", "b", "strong", "i", "em", "a", "code", "ul", "ol", "li", "blockquote"))


def new_words(text: str) -> str:
    """The text without the quoted mail and the signature; the whole text when nothing else is in it."""
    whole = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
    lines = _without_signature(_without_quotes(whole.split("\n")[:MOST_LINES]))
    kept = EMPTY_LINES.sub("\n\n", "\n".join(line.rstrip() for line in lines)).strip()
    return kept or whole.strip()


def words_of_html(content: str) -> str:
    """The text of a page as a reader sees it, without what it quotes; nothing in it is ever run or fetched."""
    page = _flat(content[:LONGEST_PAGE])
    return _shown(page, UNSEEN + OLDER) or _shown(page, UNSEEN)


def _shown(page: str, without: Sequence[str]) -> str:
    """The words of a page, but for those of some elements."""
    tree = LexborHTMLParser(page)
    for node in reversed(tree.css(", ".join(without))):  # what lies within another one goes before it
        node.decompose()
    return "" if tree.body is None else _text(tree.body).strip()


def _flat(page: str) -> str:
    """The page; from where its elements lie too deep within each other, only its words."""
    if page.count("<") <= DEEPEST:
        return page
    depth, still_open = 0, Counter[str]()
    for found in NAMED.finditer(page):
        name = found[2].lower()
        if name in SHALLOW:
            continue
        if not found[1]:
            still_open[name] += 1
            depth += 1
        elif still_open[name]:  # the end of what was never begun is passed over by every reader
            still_open[name] -= 1
            depth -= 1
        if depth > DEEPEST:
            return page[: found.start()] + TAG.sub(" ", page[found.start() :])
    return page


def safe_html(content: str) -> str:
    """A page of which only harmless marks and links are left: no style, no picture, no script."""
    return nh3.clean(content, tags=set(MARKS), attributes={"a": {"href"}}, url_schemes={"https", "http", "mailto"})


def _looked(line: str) -> str:
    return line[:LOOKED].strip()


def _without_quotes(lines: list[str]) -> list[str]:
    looked = [_looked(line) for line in lines]
    kept: list[str] = []
    at = 0
    while at < len(lines):
        if DIVIDERS.match(looked[at]) or _is_head(looked, at):
            break  # all behind it is older
        span = _wrote(looked, at)
        if span:
            behind = next((looked[one] for one in range(at + span, len(looked)) if looked[one]), "")
            if not QUOTED.match(behind):
                break  # the older mail stands there as it is
            at += span
            continue
        if not QUOTED.match(looked[at]):
            kept.append(lines[at])
        at += 1
    return kept


def _is_head(looked: list[str], at: int) -> bool:
    if not FROM.match(looked[at]):
        return False
    near = [one for one in looked[at + 1 : at + 7] if one]
    has_subject, has_date, has_to = (any(map(kind.match, near)) for kind in (SUBJECT, DATE, TO))
    by_address = ADDRESS.search(looked[at]) is not None and (has_subject or has_date or has_to)
    return by_address or (has_subject and has_date)


def _wrote(looked: list[str], at: int) -> int:
    """How many lines from here say that somebody wrote what follows; 0 when they do not."""
    if not looked[at]:
        return 0
    for span in range(1, SPAN + 1 if FOLDED.match(looked[at]) else 2):
        said = " ".join(looked[at : at + span]).rstrip()
        if said.endswith(COLONS) and len(said) <= 320 and WROTE.match(said):
            return span
    return 0


def _without_signature(lines: list[str]) -> list[str]:
    for number, line in enumerate(lines):
        if number and SIGNATURE.match(line):
            lines = lines[:number]
            break
    end = len(lines)
    while end and (not lines[end - 1].strip() or _is_added(lines[end - 1].strip())):
        end -= 1
    return lines[:end]


def _is_added(line: str) -> bool:
    return len(line) <= LONGEST_ADDED and ADDED.match(line) is not None


def _text(node: LexborNode) -> str:
    """Words in their order; block elements and <br> begin new lines."""
    found: list[str] = []
    for one in islice(node.traverse(include_text=True), MOST_NODES):
        if one.tag == "-text":
            found.append(SPACE.sub(" ", one.text(deep=False) or ""))
        elif one.tag == "br" or one.tag in BREAKS:
            found.append("\n")
    lines = (line.strip() for line in "".join(found).split("\n"))
    return EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()
