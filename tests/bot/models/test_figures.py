"""Cross-validation over a pipeline, the folds it deals, and the picture of its confusions."""

import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

from bot.without_tensorflow import stand_in

stand_in()

from bot.models.cross_validation import FOLDS, cross_validated  # noqa: E402
from bot.models.figures import scores, table  # noqa: E402
from bot.models.inputs import Sources  # noqa: E402
from bot.models.picture import confusion_svg  # noqa: E402

TAILS = ("apple", "river", "moon", "guitar", "winter", "basket", "pilot", "velvet", "copper", "jungle")
WORDS = {"greet": "hello", "goodbye": "goodbye", "thanks": "thanks"}


def test_the_pipeline_is_trained_on_the_other_folds_only(tmp_path: Path) -> None:
    """A line that stands alone in its intent's words is misread when it is held out: nothing leaks."""
    lines = {
        intent: [f"{word} {tail}" for tail in TAILS] for intent, word in WORDS.items()
    } | {"insult": ["zzyzx"] * 1 + ["you fool"] * 9}  # fmt: skip
    blocks = [
        f"- intent: {name}\n  examples: |\n" + "".join(f"    - {t}\n" for t in each) for name, each in lines.items()
    ]
    (tmp_path / "nlu.yml").write_text('version: "3.1"\nnlu:\n' + "".join(blocks))
    told: list[str] = []
    result = cross_validated(Sources(training=tmp_path, reviewed=tmp_path / "none"), say=told.append)
    assert len(told) == FOLDS
    found = scores(result.pairs)
    assert {name: found[name].recall for name in WORDS} == dict.fromkeys(WORDS, 1.0)
    assert sum(result.pairs.values()) == sum(len(set(each)) for each in lines.values())
    assert any("zzyzx" in texts for texts in result.mistakes.values())


def test_the_picture_shows_every_intent_and_each_count() -> None:
    pairs = Counter({("greet", "greet"): 8, ("greet", "<bye>"): 2, ("<bye>", "<bye>"): 3, ("<bye>", "nlu_fallback"): 1})
    svg = confusion_svg(pairs, title="4 & more")
    texts = [node.text for node in ET.fromstring(svg).iter() if node.text]
    for shown in ("greet", "<bye>", "nlu_fallback", "8", "2", "greet read as <bye>: 2 of 10"):
        assert shown in texts
    assert "4 & more" in texts


def test_the_table_begins_with_the_worst() -> None:
    pairs = Counter({("a", "a"): 1, ("b", "a"): 1, ("b", "b"): 1, ("c", "c"): 1})
    assert [line.split()[0] for line in table(scores(pairs)).splitlines()] == ["a", "b", "c"]
