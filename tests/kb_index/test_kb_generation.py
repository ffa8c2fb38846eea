"""Generations on disk: whatever is damaged is noticed before it is read, and the one before is served."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import threading
from pathlib import Path

import pytest

from kb_index.errors import GenerationBroken, NoGeneration
from kb_index.index.build import Builder, build
from kb_index.index.generation import KEPT, MANIFEST, POINTER, GenerationStore
from kb_index.index.live import LiveKnowledge
from kb_index.settings import Settings
from tests.kb_index.shop_articles import ask, quiet, write_article

OFFSETS_PER_FILE = 30


@pytest.fixture
def two_generations(shop: Settings) -> tuple[GenerationStore, str, str]:
    """The store with its current generation's name and the one before."""
    store = GenerationStore(shop.store)
    before = store.names()[0]
    current = build(shop, if_changed=False, progress=quiet).generation
    return store, current, before


def test_any_flipped_byte_is_noticed_and_the_one_before_is_served(
    shop: Settings, two_generations: tuple[GenerationStore, str, str]
) -> None:
    """F-77."""
    store, current, _ = two_generations
    chance = random.Random(7)
    files = sorted(path for path in (shop.store / current).rglob("*") if path.is_file())
    assert len(files) >= 7
    for path in files:
        intact = path.read_bytes()
        for offset in [0, len(intact) - 1, *(chance.randrange(len(intact)) for _ in range(OFFSETS_PER_FILE))]:
            damaged = bytearray(intact)
            damaged[offset] ^= 1 << chance.randrange(8)
            path.write_bytes(damaged)
            with pytest.raises(GenerationBroken, match=current):
                store.verify(current)
        path.write_bytes(intact)
    assert store.verify(current)["generation"] == current


def test_any_truncation_is_noticed(shop: Settings, two_generations: tuple[GenerationStore, str, str]) -> None:
    store, current, _ = two_generations
    chance = random.Random(8)
    for path in sorted(path for path in (shop.store / current).rglob("*") if path.is_file()):
        intact = path.read_bytes()
        for length in [0, 1, len(intact) - 1, *(chance.randrange(len(intact)) for _ in range(5))]:
            path.write_bytes(intact[:length])
            with pytest.raises(GenerationBroken):
                store.verify(current)
        path.unlink()
        with pytest.raises(GenerationBroken, match="cannot be read"):
            store.verify(current)
        path.write_bytes(intact)


def test_the_service_starts_on_the_generation_before_and_says_so(
    shop: Settings, two_generations: tuple[GenerationStore, str, str]
) -> None:
    store, current, before = two_generations
    path = shop.store / current / "shop" / "vectors.faiss"
    path.write_bytes(path.read_bytes()[:-10])
    live = LiveKnowledge(store)
    assert live.reload() == before
    assert live.warning is not None
    assert current in live.warning
    assert "vectors.faiss" in live.warning
    assert ask(live.current(), "多久能退款").generation == before


def test_a_running_service_goes_on_when_everything_on_disk_breaks(
    shop: Settings, two_generations: tuple[GenerationStore, str, str]
) -> None:
    store, current, before = two_generations
    live = LiveKnowledge(store)
    live.reload()
    for name in (current, before):
        (shop.store / name / MANIFEST).write_bytes(b"{}")
    assert live.reload() == current
    assert live.warning is not None
    assert "No intact index" in live.warning
    assert ask(live.current(), "多久能退款").hits[0].article == "refund-timing"
    with pytest.raises(NoGeneration, match="kb_index build"):
        LiveKnowledge(store).reload()


@pytest.mark.parametrize("content", [b"", b"garbage", b"\xff\xfe", b"g-none " + b"0" * 64, b"../../etc x\n"])
def test_a_damaged_pointer_does_not_stop_the_service(shop: Settings, content: bytes) -> None:
    store = GenerationStore(shop.store)
    name = store.names()[0]
    (shop.store / POINTER).write_bytes(content)
    assert LiveKnowledge(store).reload() == name


def test_an_exchanged_manifest_is_noticed_even_if_it_fits_its_files(
    shop: Settings, two_generations: tuple[GenerationStore, str, str]
) -> None:
    store, current, _ = two_generations
    path = shop.store / current / MANIFEST
    path.write_bytes(path.read_bytes().replace(b'"chunker": ', b'"chunker":  '))
    with pytest.raises(GenerationBroken, match="not the one that was published"):
        store.load(current)


def test_nothing_built_yet_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(NoGeneration, match="python -m kb_index build"):
        LiveKnowledge(GenerationStore(tmp_path)).reload()


# `make soak` swaps as often as the reliability plan asks for.
SWAPS = 200 if os.environ.get("TANDEM_EVERY_SWAP") else 60


def test_every_answer_under_swaps_belongs_to_one_generation(shop: Settings) -> None:
    """F-76: Two states of the shop, each with an article of its own, swapped under four asking threads."""
    store = GenerationStore(shop.store)
    first = store.names()[0]
    own = {first: "forgot-password"}
    folder = shop.tenants["shop"]
    for language in ("zh", "en"):
        (folder / language / "forgot-password.md").unlink()
    for language, title, word in (("zh", "登录密码忘记了", "密码"), ("en", "Sign-in password lost", "password")):
        questions = [f"{title} {number}" for number in range(3)]
        write_article(folder, "reset-password", language, title=title, questions=questions, answer=f"{word}.")
    second = build(shop, if_changed=True, progress=quiet).generation
    own[second] = "reset-password"

    live = LiveKnowledge(store)
    live.reload()
    pointers = {second: store.pointer.read_bytes()}
    lines = store.pointer.read_text().splitlines()
    pointers[first] = ("\n".join(reversed(lines)) + "\n").encode()
    stop, wrong, seen = threading.Event(), [], set()

    def customer() -> None:
        while not stop.is_set():
            found = ask(live.current(), "忘记登录密码怎么办")
            seen.add(found.generation)
            other = next(article for name, article in own.items() if name != found.generation)
            if own[found.generation] not in [hit.article for hit in found.hits] or other in [
                hit.article for hit in found.hits
            ]:
                wrong.append(found)

    threads = [threading.Thread(target=customer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for swap in range(SWAPS):
        store.pointer.write_bytes(pointers[first if swap % 2 else second])
        live.reload()
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert seen == {first, second}


@pytest.mark.parametrize("content", [b'{"format": 1, "generation": "g-20200101T000000000000-00000000"}', b"not JSON"])
def test_a_generation_of_an_older_release_does_not_stand_in_the_way(shop: Settings, content: bytes) -> None:
    """After an upgrade every build said that the generation of the release before was unusable, and failed."""
    older = shop.store / "g-20200101T000000000000-00000000"
    older.mkdir()
    (older / MANIFEST).write_bytes(content)
    assert build(shop, if_changed=False, progress=quiet).generation == GenerationStore(shop.store).names()[0]


def test_an_index_of_the_release_before_is_named_and_replaced_by_itself(shop: Settings) -> None:
    """What the keeper does after an upgrade whose format is another one."""
    store = GenerationStore(shop.store)
    name = store.names()[0]
    manifest = json.loads((shop.store / name / MANIFEST).read_bytes())
    content = json.dumps(manifest | {"format": manifest["format"] - 1}).encode()
    (shop.store / name / MANIFEST).write_bytes(content)
    store.pointer.write_text(f"{name} {hashlib.sha256(content).hexdigest()}\n")
    with pytest.raises(NoGeneration, match="another release wrote it"):
        store.load_best()
    published = Builder(shop, quiet).publish_edits()
    assert published is not None
    assert store.load_best()[0].name == published.generation != name


def test_a_generation_of_format_3_is_not_served_and_stays_until_there_are_three_newer_ones(shop: Settings) -> None:
    """Its real manifest: who serves before he builds has no index, who goes back finds his own while it is kept."""
    content = (Path(__file__).parent / "index/manifest_of_format_3.json").read_bytes()
    manifest = json.loads(content)
    store = GenerationStore.of(shop)
    for name in store.names():
        shutil.rmtree(store.folder / name)
    older = store.folder / str(manifest["generation"])
    older.mkdir()
    (older / MANIFEST).write_bytes(content)
    store.pointer.write_text(f"{older.name} {hashlib.sha256(content).hexdigest()}\n")
    with pytest.raises(NoGeneration, match="in format 3 and not 4: the next build replaces it"):
        LiveKnowledge(store).reload()
    builder = Builder(shop, quiet)
    published = builder.publish_edits()
    assert published is not None
    assert store.load_best()[0].name == published.generation
    for newer in range(1, KEPT + 1):
        assert older.exists() == (newer < KEPT)
        builder.build(if_changed=False)


def test_a_tenant_may_be_called_like_a_file_of_ours(shop: Settings) -> None:
    named = shop.model_copy(update={"tenants": {"embedded-systems": shop.tenants["shop"]}})
    first = build(named, if_changed=False, progress=quiet)
    assert build(named, if_changed=False, progress=quiet).reused == first.embedded + first.reused
