"""Which examples are the same sentence in another coat: they go into one fold, so that none has seen its questions."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

ALIKE = 0.7  # Dice coefficient of two texts' pairs of characters
# What is put around a wish without changing it.
COAT = re.compile(
    r"我要求?|我想要?|想要|我需要|需要|帮我|给我|帮忙|麻烦你?|请问|请|劳驾|您好|你好|亲|一下下?|申请|办理|办一?个?|可以|能不能|可不可以|能否|能|吗|呢|吧|啊|呀|哦|哈|啦|了|的|谢谢"
    r"|\b(?:i|we|you|me|my|please|pls|plz|can|could|would|will|may|want|wanna|need|like|d|ll|m|to|the|a|an|this|that|"
    r"it|for|hi|hello|hey|thanks|just|so|um|uh"
    r"|yeah|kindly|help|ok|okay)\b",
    re.IGNORECASE,
)
NUMBERS = re.compile(r"\d+")
NO_WORD = re.compile(r"\W+")


def core(text: str) -> str:
    """What is left of a text without courtesy, numbers and punctuation; the text itself when that is nothing."""
    bare = NO_WORD.sub(" ", COAT.sub(" ", NUMBERS.sub("#", text.lower()).replace("'", " "))).strip()
    return bare.replace(" ", "") or text.lower()


def groups_of(texts: Sequence[str], labels: Sequence[str]) -> list[int]:
    """A number for each example; those of one label that are alike, or alike to the same third one, share it."""
    parent = list(range(len(texts)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    pairs = [_pairs(core(text)) for text in texts]
    by_label: dict[str, list[int]] = defaultdict(list)
    for i, label in enumerate(labels):
        by_label[label].append(i)
    for members in by_label.values():
        for position, i in enumerate(members):
            for j in members[:position]:
                if root(i) != root(j) and _dice(pairs[i], pairs[j]) >= ALIKE:
                    parent[root(i)] = root(j)
    return [root(i) for i in range(len(texts))]


def deal(groups: Sequence[int], labels: Sequence[str], *, folds: int) -> list[int]:
    """A fold for each example: whole groups, the largest first, each to the fold with the fewest of its label."""
    sizes = Counter(groups)
    label_of = dict(zip(groups, labels, strict=True))
    filled: dict[str, list[int]] = defaultdict(lambda: [0] * folds)
    fold_of: dict[int, int] = {}
    for group in sorted(sizes, key=lambda g: (-sizes[g], g)):
        counts = filled[label_of[group]]
        fold_of[group] = counts.index(min(counts))
        counts[fold_of[group]] += sizes[group]
    return [fold_of[group] for group in groups]


def _pairs(text: str) -> frozenset[str]:
    padded = f"^{text}$"
    return frozenset(padded[i : i + 2] for i in range(len(padded) - 1))


def _dice(a: frozenset[str], b: frozenset[str]) -> float:
    return 2 * len(a & b) / (len(a) + len(b))
