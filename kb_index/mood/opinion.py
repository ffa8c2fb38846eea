"""What a message praises and blames: opinion words with negation, and the manner in which it speaks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kb_index.index.embedding import Vector
from kb_index.text.folding import fold, tokens
from kb_index.text.words import read_words

_LISTS = {"trouble": ("trouble",), "praise": ("pleased",), "blame": ("displeased", "anger", "insults")}
_NEGATIONS = read_words("negations")
REACH = 3
"""A negation turns the opinion word that comes at most so many words later, in the same clause."""
LONGEST = 5
"""Tokens of the longest entry that is looked for."""
_CLAUSE = re.compile(r"[^,，。.!！?？;；:：~～…\n]+")
_TURN = re.compile(
    r"但是|但|可是|可惜|就是|不过|然而|\b(?:but|however|though|yet|unfortunately|sadly|except|only problem)\b"
)
_MANNERS = tuple(
    re.compile(pattern)
    for pattern in (
        r"[!！]",
        r"[!！?？]{2,}",
        r"又|再次|第[二三四五六七八九十\d]+[次遍回]|还是|一直|老是|总是|每次|天天|都.{0,6}[次遍]",
        r"\b(?:again|still|(?:second|third|fourth|fifth|\d+(?:th|rd|nd)) time|every (?:single )?time|times"
        r"|keeps?|kept|constantly|always)\b",
        r"根本|到底|究竟|居然|竟然|连.{1,8}[都也]|简直|压根|明明|就这|还好意思",
        r"\b(?:even|at all|so much for|seriously|actually|really|literally|supposed to|clearly|apparently)\b",
        r"[\d一二三四五六七八九十两半]+个?(?:天|小时|钟头|分钟|周|星期|月|年)",
        r"\b(?:hours?|hrs?|days?|weeks?|months?|minutes?|mins?)\b",
        r"[😀-😆😊-😍🥰😘👍🙏🎉💯😋🤗💕]|❤|♥|☺|(?<!\w)[:;]-?[)dp](?!\w)|\^_?\^|哈哈|嘻嘻|\b(?:lol|haha+|yay)\b",
        r"[😠-😥😩-😭🤬😤😡👎💩🙄😒😞😔😣😖💔🙃😑]|(?<!\w):-?[(/](?!\w)|呵呵",
        # An unkept promise, and having had to ask before.
        r"说好|承诺|答应|保证过|说过|不是说|明明|你们说|告诉我.{0,12}(?:结果|现在)|至今|到现在|迟迟|逾期|超时|还没|仍然|仍未",
        r"\b(?:promised|you said|(?:was|were|been) told|supposed to|overdue|was due|guaranteed|still (?:no|not|"
        r"nothing|waiting)|so far)\b",
        r"(?:第[三四五六七八九十\d]+|[三四五六七八九十几\d]+)\s?(?:次|遍|回|趟|个(?:工单|客服|电话))|反复|又要|重新讲|从头",
        r"\b(?:(?:third|fourth|fifth|sixth|\d+(?:th|rd)) (?:time|ticket|e-?mail|call|week|day)|(?:three|four|five|"
        r"six|eight|ten|twenty) "
        r"(?:times|agents|calls|e-?mails|tickets|days|weeks)|over and over|start from|each time|every time)\b",
        # Nobody there.
        r"没人|没有(?:任何)?(?:人|回复|回应|消息|通知|结果|音讯)|不(?:回|理|接|管)|占线|石沉大海|推(?:来推去|责任|脱)|踢皮球|敷衍|糊弄|打发",
        r"\b(?:no ?(?:one|body)|nothing (?:happens|happened|got)|no (?:reply|answer|response|word|notice)|ignor\w+|"
        r"unanswered|without (?:a word|telling)"
        r"|never (?:called|came|answered|rang|replied)|fob\w*|gave up|silence)\b",
        # Who is to blame, who has to pay; what one would say to one's face.
        r"凭什么|为什么(?:要|我|可以|不)|怎么(?:可以|能|还|这么)|谁(?:来|的|让|负责)|算什么|什么意思|有没有(?:人|搞错|把)|是不是(?:要|在|觉得|想)|难道|不合适|合着|就因为",
        r"\b(?:why (?:do|should|is|am|are|can't|won't) (?:i|it|the|you|my)|how (?:long am|can you|dare|is that|many "
        r"times)|who (?:signed|gave|is going)|is that (?:normal|too)"
        r"|do you (?:think|care|even)|are you (?:even|serious|kidding)|so it's my|what kind of)\b",
        # Praise that means the contrary, and giving up.
        r"真棒|真行|真会|真有|厉害|佩服|恭喜|多亏|好家伙|好一个|可真|服了|感谢你们让|谢谢你们让|五星|长见识|高明|开眼",
        r"\b(?:great job|nice job|well done|good job|congrat\w+|bravo|impressive|how (?:generous|nice|lovely|"
        r"convenient)|thanks (?:for nothing|to you)|oh (?:great|lovely|wonderful|good)"
        r"|(?:just|so) (?:great|wonderful|lovely|brilliant)|what a surprise|surprise surprise|ten out of ten|slow "
        r"clap|amazing how|brilliant,|genius)\b",
        r"算了|随便(?:你|吧)|无语|心累|呵呵|心寒|寒心|没(?:耐心|期待|指望|辙)|不指望|失望|白(?:等|跑|花|费)|打水漂|浪费|受罪|受气|后悔|服气|累了|影响(?:到)?我|耽误",
        r"\b(?:pointless|exhaust\w+|speechless|run out of|lost (?:patience|hope|all)|patien(?:ce|t)|give up|waste\w*|"
        r"wasting|regret|disappoint\w+|fed up|enough|ruin\w+|for nothing|down the drain"
        r"|cost(?:ing)? me|sick of|tired of)\b",
        # What arrived, and what was taken.
        r"烂|碎|臭|馊|空盒|破洞|开线|掉色|旧的|假的|冒烟|漏水|过敏|起疹|泡了|报废|砸了|摔|塌了|丢了|弄丢|被(?:扣|封|骗|拒|取消|驳回|退回)|扣了|多收|乱收|没(?:退|到账|发)|不(?:退|"
        r"给|让)",
        r"\b(?:rotten|smashed|shattered|in pieces|fell apart|leak\w*|flood\w*|stink\w*|smok(?:ed|ing)|rash|empty box|"
        r"used (?:shoes|one)|someone else's|lost my|blocked|locked|rejected|refused|charged (?:me|twice)|"
        r"overcharged"
        r"|double charged|wrong one|missing again|gone|cheated|scammed|taken from)\b",
        # Nothing is the matter, or it was one's own doing.
        r"没关系|没事|不急|不着急|慢慢来|理解|辛苦|谢谢|麻烦您?|请问|我的(?:问题|错)|怪我|自己(?:填|弄|写|看)错|看错了|误会|喜欢|满意|开心|好用|好吃|值得|想问|解决了|没想到这么",
        r"\b(?:no (?:rush|worries|hurry|problem|harm)|take your time|my (?:mistake|fault|own)|sorry to bother|i "
        r"misread|misunderstood|love|happy|glad|great service|worth|could you|please|thanks|thank you|how (?:do|"
        r"long does|can|does)"
        r"|what (?:is|does|if)|where (?:do|can|is)|wonderful|kind)\b",
    )
)
"""How a message speaks: emphatic, repeating (zh, en), insisting (zh, en), counting time (zh, en), smiling, frowning;
then in pairs (zh, en): promises not kept, asked before, nobody there, whose fault, praise that means the contrary,
giving up, harm done, nothing the matter."""


@dataclass(frozen=True)
class Opinion:
    """One opinion word as it stands in the message; turned when a negation speaks against it."""

    kind: str
    words: str
    turned: bool

    @property
    def direction(self) -> float:
        """+1 praise, -1 blame, half as much for blame denied ("not bad"), 0 for mere trouble."""
        if self.kind == "trouble":
            return 0.0
        if self.kind == "praise":
            return -1.0 if self.turned else 1.0
        return 0.5 if self.turned else -1.0


def joined(row: Sequence[str]) -> str:
    """Tokens in a row as one string, however the text around them was cut: 太差 is 太 and 差 elsewhere."""
    return row[0] if len(row) == 1 else "".join(row) if not row[0].isascii() else " ".join(row)


def entry_of(listed: str) -> str:
    """A word of a list in the form that `joined` gives; empty when nothing of it is a word."""
    row = tokens(fold(listed.replace("_", " ")))
    return joined(row) if row else ""


@lru_cache(maxsize=1)
def _listed() -> dict[str, str]:
    """Kind by entry; what is in two lists belongs to the later, stronger one."""
    kinds: dict[str, str] = {}
    for kind, names in _LISTS.items():
        for name in names:
            kinds.update((entry_of(listed), kind) for listed in read_words(name))
    kinds.pop("", None)
    return kinds


def clauses_of(folded: str) -> list[str]:
    """The parts between marks; what is said in one does not turn the words of another."""
    return _CLAUSE.findall(folded)


@lru_cache(maxsize=256)
def words_of(clause: str) -> tuple[str, ...]:
    """The tokens of a clause; several readers ask for the same one."""
    return tuple(tokens(clause))


def negated(words: Sequence[str], place: int) -> bool:
    """Whether a negation shortly before turns what stands at this place of a clause."""
    return any(word in _NEGATIONS for word in words[max(0, place - REACH) : place])


def opinions_in(folded: str) -> list[list[Opinion]]:
    """The opinion words of each clause, in order."""
    return [_opinions(words_of(clause)) for clause in clauses_of(folded)]


def _opinions(words: Sequence[str]) -> list[Opinion]:
    """Longest entry first, from left to right; a negation is used up by the first opinion it reaches."""
    kinds = _listed()
    found: list[Opinion] = []
    place, negation = 0, -REACH - 1
    while place < len(words):
        for size in range(min(LONGEST, len(words) - place), 0, -1):
            phrase = joined(words[place : place + size])
            kind = kinds.get(phrase)
            if kind is not None and phrase not in _NEGATIONS:
                found.append(Opinion(kind, phrase, turned=place - negation <= REACH))
                place, negation = place + size, -REACH - 1
                break
        else:
            if words[place] in _NEGATIONS:
                negation = place
            place += 1
    return found


def manner_of(folded: str) -> Vector:
    """Counts and directions of the opinions, and how the message speaks: repeats, insists, smiles.

    FEATURES numbers of moderate size; a linear head learns what each is worth.
    """
    clauses = opinions_in(folded)
    found = [opinion for clause in clauses for opinion in clause]
    blame = sum(one.kind == "blame" and not one.turned for one in found)
    praise = sum(one.kind == "praise" and not one.turned for one in found)
    praise_denied = sum(one.kind == "praise" and one.turned for one in found)
    blame_denied = sum(one.kind == "blame" and one.turned for one in found)
    trouble = sum(one.kind == "trouble" for one in found)
    against, for_it = blame + praise_denied, praise + blame_denied
    directions = [np.sign(total) for clause in clauses if (total := sum(one.direction for one in clause))]
    turning = [bool(_TURN.search(clause)) for clause in clauses_of(folded)]
    turned_at = turning.index(True) if any(turning) else len(clauses)
    after = sum(one.direction for clause in clauses[turned_at:] for one in clause)
    manners = [float(manner.search(folded) is not None) for manner in _MANNERS]
    counts = np.log1p([blame, praise, praise_denied, blame_denied, trouble])
    shape = [
        (against - for_it) / (against + for_it + 1),
        -directions[-1] if directions else 0.0,
        -directions[0] if directions else 0.0,
        -float(np.sign(after)),
        float(against + for_it == 0),
        float(against > 0 and for_it == 0),
        float(for_it > 0 and against == 0),
    ]
    return np.array([*counts, *shape, *manners], dtype=np.float32)


FEATURES = 12 + len(_MANNERS)


def praises(folded: str) -> bool:
    """Whether the message judges something well and nothing badly."""
    directions = [one.direction for clause in opinions_in(folded) for one in clause]
    return any(direction > 0 for direction in directions) and min(directions) >= 0


def blamed_in(folded: str) -> list[str]:
    """Words that speak against something, a denied praise with its "not"; in order, each once."""
    found = [one for clause in opinions_in(folded) for one in clause if one.direction < 0]
    return list(dict.fromkeys(f"not {one.words}" if one.turned else one.words for one in found))
