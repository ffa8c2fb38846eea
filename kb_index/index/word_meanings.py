"""What words mean by themselves, for programs that carry no encoder.

`python -m kb_index common-words OUT.txt DATA...` lists common words of both languages, out of texts of our own and two
freely licensed dictionaries; `python -m kb_index words WORDS.txt OUT.npz` turns them into small vectors.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import rjieba

from kb_index.commands import Subcommands
from kb_index.errors import KnowledgeError
from kb_index.index.embedding import Matrix, load_encoder
from kb_index.settings import Settings
from kb_index.text.folding import fold

DIMENSIONS = 128
BATCH = 128
ENGLISH_COMMON = 5000
"""So many of the most frequent words of the English dictionary."""
CHINESE_COMMON = 2500
"""So many of the most frequent words of two characters of the Chinese dictionary."""
OWN_OFTEN = 3
"""An English word that no dictionary has is one when our texts say it so often ("alipay"), else a slip."""
LONGEST = 4
"""Characters of a Chinese word."""
RUN = re.compile(r"(?<![a-z0-9_])[a-z]{2,}(?![a-z0-9_])|[\u4e00-\u9fff]+")
ENGLISH = "frequency_dictionary_en_82_765.txt"
HEAD = """\
# Common words of both languages; made by `python -m kb_index common-words`, not by hand. Where they are from:
# - English: the most frequent words of the frequency dictionary of SymSpell and symspellpy (Wolf Garbe, mmb L; MIT),
#   which is made from the Google Books Ngram data (CC BY 3.0) and the word lists of SCOWL (free, with its notice).
# - Chinese: the most frequent words of the dictionary of jieba (Sun Junyi; MIT), as carried by rjieba (MIT).
# - Both: words of the texts of this repository that were given to the command, where a dictionary has them too.
"""


def register(commands: Subcommands) -> None:
    """Adds the command."""
    parser = commands.add_parser("words", help="turn a word list into small vectors (bot/components/meanings.npz)")
    parser.add_argument("words", type=Path, help="the words, in folded form, one per line")
    parser.add_argument("target", type=Path, help="the .npz file to write")
    parser.set_defaults(run=run)
    parser = commands.add_parser("common-words", help="make the word list that `words` reads (data/words/meanings.txt)")
    parser.add_argument("target", type=Path, help="the .txt file to write")
    parser.add_argument("texts", type=Path, nargs="+", help="files and folders of our own texts, none to measure with")
    parser.set_defaults(run=list_words)


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Writes `words` (joined by line ends), `rows` (int8, words x DIMENSIONS) and `scale` (float32, words)."""
    lines = chosen.words.read_text(encoding="utf-8").splitlines()
    words = list(dict.fromkeys(line.strip() for line in lines if line.strip() and not line.startswith("#")))
    encoder = load_encoder(settings.model)
    vectors = np.vstack([encoder.encode(words[at : at + BATCH]) for at in range(0, len(words), BATCH)])
    rows, scale = shrunk(vectors)
    with chosen.target.open("wb") as file:
        np.savez_compressed(file, words=np.array("\n".join(words)), rows=rows, scale=scale)
    sys.stdout.write(f"{len(words)} words, {DIMENSIONS} numbers each: {chosen.target}\n")
    return 0


def list_words(_: Settings, chosen: argparse.Namespace) -> int:
    """Writes one word a line in the order of the alphabet, behind the head that names sources and licences."""
    own = Counter(run for line in lines_of(chosen.texts) for run in RUN.findall(fold(line)))
    words = english(own) | chinese([run for run in own if not run.isascii()])
    chosen.target.write_text(HEAD + "".join(f"{word}\n" for word in sorted(words)), encoding="utf-8")
    sys.stdout.write(f"{len(words)} words: {chosen.target}\n")
    return 0


def lines_of(paths: Iterable[Path]) -> Iterator[str]:
    """The lines of the files, and of all files in the folders."""
    for path in paths:
        for file in sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]:
            yield from file.read_text(encoding="utf-8").splitlines()


def english(own: Counter[str]) -> set[str]:
    """The most frequent words of the dictionary; and ours that it has, or that we say often."""
    package = find_spec("symspellpy")
    if package is None or package.origin is None:
        raise KnowledgeError("The package symspellpy with its list of English words is missing: run make setup.")
    lines = Path(package.origin).with_name(ENGLISH).read_text(encoding="utf-8-sig").splitlines()
    ranked = [line.split()[0] for line in lines]
    known = set(ranked)
    common = [word for word in ranked if word.isalpha() and len(word) > 2][:ENGLISH_COMMON]
    return {*common, *(word for word in own if word.isascii() and (word in known or own[word] >= OWN_OFTEN))}


def chinese(runs: Iterable[str]) -> set[str]:
    """The words of the dictionary in these runs of characters, and the most frequent ones of the same characters."""
    dictionary = rjieba.Jieba()
    pieces = {
        run[at : at + size] for run in runs for size in range(1, LONGEST + 1) for at in range(len(run) - size + 1)
    }
    characters = sorted({character for run in runs for character in run})
    pairs = [one + two for one, two in product(characters, repeat=2) if dictionary.has_word(one + two)]
    common = sorted(pairs, key=lambda pair: (-dictionary.suggest_freq(pair), pair))[:CHINESE_COMMON]
    return {*common, *(piece for piece in pieces if dictionary.has_word(piece))}


def shrunk(vectors: Matrix) -> tuple[Any, Any]:
    """The directions in which words differ most; each row in steps of a 127th of its largest number."""
    centred = vectors - vectors.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    small = centred @ directions[:DIMENSIONS].T
    scale = np.abs(small).max(axis=1) / 127
    scale[scale == 0] = 1
    return np.round(small / scale[:, None]).astype(np.int8), scale.astype(np.float32)
