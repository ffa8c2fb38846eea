"""What may happen to files: killed writers, damaged and strange generations. The service goes on, and says so."""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kb_index.errors import GenerationBroken
from kb_index.index.build import build
from kb_index.index.contents import MOOD, Part, packed, unpacked
from kb_index.index.durable import Checksum
from kb_index.index.embedding import DEFAULT_MODEL, MINILM_MODEL
from kb_index.index.generation import KEPT, MANIFEST, Built, GenerationStore
from kb_index.index.live import LiveKnowledge
from kb_index.index.trial import survives_reading
from kb_index.settings import Settings
from tests.kb_index.shop_articles import ask, quiet, shop_settings

OFFSETS = 200


@pytest.fixture(scope="module")
def two(built_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[GenerationStore, str, str]:
    """A store with a current generation and the one before; every test leaves it as it was."""
    folder = tmp_path_factory.mktemp("damage") / "shop"
    shutil.copytree(built_shop, folder)
    settings = shop_settings(folder)
    store = GenerationStore(settings.store)
    before = store.names()[0]
    return store, build(settings, if_changed=False, progress=quiet).generation, before


def served_files(store: GenerationStore, name: str) -> list[Path]:
    """What a service reads of a generation; the vectors by text are only for the next build."""
    paths = sorted(path for path in (store.folder / name).rglob("*") if path.is_file())
    return [path for path in paths if not path.name.startswith("embedded")]


@pytest.mark.parametrize("number", range(OFFSETS))
def test_a_damaged_byte_or_a_lost_end_is_noticed_at_any_place(
    two: tuple[GenerationStore, str, str], number: int
) -> None:
    store, current, before = two
    chance = random.Random(number)
    files = served_files(store, current)
    path = chance.choice([*files, *(file for file in files if file.suffix == ".faiss")])
    intact = path.read_bytes()
    offset = chance.randrange(len(intact))
    damaged = bytearray(intact)
    damaged[offset] ^= 1 << chance.randrange(8)
    path.write_bytes(damaged if number % 2 else intact[:offset])
    try:
        generation, broken = store.load_best()
        assert generation.name == before
        assert [current in str(error) for error in broken] == [True]
    finally:
        path.write_bytes(intact)


def test_damaged_vectors_by_text_stop_no_service_but_are_not_built_upon(two: tuple[GenerationStore, str, str]) -> None:
    store, current, _ = two
    path = store.folder / current / "embedded.npz"
    intact = path.read_bytes()
    path.write_bytes(intact[:-1])
    try:
        assert store.load_best()[0].name == current
        with pytest.raises(GenerationBroken, match="embedded"):
            store.verify(current)
        with pytest.raises(GenerationBroken, match="embedded"):
            store.stored_vectors(current, model=DEFAULT_MODEL)
    finally:
        path.write_bytes(intact)


@contextmanager
def changed(store: GenerationStore, name: str, change: Callable[[Path, dict], None]) -> Iterator[None]:
    """A generation made anew by somebody who knows the format, with checksums that fit; the pointer is damaged."""
    folder, pointer = store.folder / name, store.pointer.read_bytes()
    copy = store.folder / f".kept-{name}"
    shutil.copytree(folder, copy)
    manifest = json.loads((folder / MANIFEST).read_bytes())
    change(folder, manifest)
    for path in manifest["files"]:
        manifest["files"][path] = vars(Checksum.of_file(folder / path))
    (folder / MANIFEST).write_text(json.dumps(manifest))
    store.pointer.write_bytes(b"damaged")
    try:
        yield
    finally:
        shutil.rmtree(folder)
        copy.rename(folder)
        store.pointer.write_bytes(pointer)


def _garbage(content: bytes) -> Callable[[Path, dict], None]:
    return lambda folder, _: (folder / "shop" / "vectors.faiss").write_bytes(content) and None


@pytest.mark.parametrize(
    "content", [b"", b"IxFI" + b"\xff" * 200, b"IwFl" + bytes(range(256)) * 20, b"IxPT" + b"\0" * 4000]
)
def test_a_hostile_index_nobody_vouches_for_is_tried_in_a_child(
    two: tuple[GenerationStore, str, str], content: bytes
) -> None:
    """F-77."""
    store, current, before = two
    with changed(store, current, _garbage(content)):
        generation, broken = store.load_best()
        assert generation.name == before
        assert "breaks its reader" in str(broken[0])


def _compressed(content: bytes) -> bytes:
    """The same arrays, which may then be a thousand times as large as the file."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **unpacked(content))
    return buffer.getvalue()


def _with(name: str, change: Callable[[Any], Any]) -> Callable[[bytes], bytes]:
    def made(content: bytes) -> bytes:
        arrays = unpacked(content)
        return packed(arrays | {name: change(arrays[name])})

    return made


@pytest.mark.parametrize(
    ("path", "damage"),
    [
        *(
            (path, damage)
            for path in (MOOD, "shop/models.npz")
            for damage in (lambda _: b"", lambda _: b"PK\3\4", lambda content: content[:-30], _compressed)
        ),
        ("shop/models.npz", _with("passages.kinds", lambda kinds: kinds + 90)),
        ("shop/models.npz", _with("passages.versions", lambda versions: versions + 1)),
        ("shop/models.npz", _with("head.labels", lambda labels: labels[:-1])),
        ("shop/models.npz", _with("head.labels", lambda labels: labels[::-1])),
        ("shop/models.npz", _with("head.spelling", lambda rows: rows[:-1])),
        ("shop/models.npz", _with("background", lambda rows: rows[:-1])),
    ],
)
def test_arrays_that_fit_their_manifest_but_cannot_be_served_are_refused(
    two: tuple[GenerationStore, str, str], path: str, damage: Callable[[bytes], bytes]
) -> None:
    """A broken archive stopped the start, and a number out of range every question."""
    store, current, before = two

    def damaged(folder: Path, _: dict) -> None:
        (folder / path).write_bytes(damage((folder / path).read_bytes()))

    with changed(store, current, damaged):
        generation, broken = store.load_best()
        assert generation.name == before
        assert "cannot read it" in str(broken[0])


def test_a_broken_archive_of_vectors_is_not_built_upon(two: tuple[GenerationStore, str, str]) -> None:
    store, current, _ = two
    with (
        changed(store, current, lambda folder, _: (folder / "embedded.npz").write_bytes(b"PK") and None),
        pytest.raises(GenerationBroken, match="embedded"),
    ):
        store.stored_vectors(current, model=DEFAULT_MODEL)


def test_what_is_intact_survives_the_trial(two: tuple[GenerationStore, str, str]) -> None:
    store, current, _ = two
    assert survives_reading(store.folder / current / "shop" / "vectors.faiss")
    pointer = store.pointer.read_bytes()
    store.pointer.write_bytes(b"damaged")
    try:
        assert store.load_best()[0].name == current
    finally:
        store.pointer.write_bytes(pointer)


def test_vectors_of_another_model_are_not_served(two: tuple[GenerationStore, str, str]) -> None:
    store, current, before = two

    def other_model(_: Path, manifest: dict) -> None:
        manifest["probe"] = manifest["probe"][::-1]

    with changed(store, current, other_model):
        live = LiveKnowledge(store)
        assert live.reload() == before
        assert "not made with the model" in str(live.warning)

    def second_model(_: Path, manifest: dict) -> None:
        manifest["model"] += f"+en:{MINILM_MODEL}"

    with changed(store, current, second_model):
        live = LiveKnowledge(store)
        assert live.reload() == before
        assert "not made with the model" in str(live.warning)


def test_a_running_service_does_not_take_what_another_version_of_it_has_built(
    two: tuple[GenerationStore, str, str],
) -> None:
    store, current, before = two

    def newer(_: Path, manifest: dict) -> None:
        manifest["code"] = "newer"

    pointer = store.pointer.read_text()
    store.pointer.write_text("\n".join(reversed(pointer.splitlines())) + "\n")
    live = LiveKnowledge(store)
    assert live.reload() == before
    store.pointer.write_text(pointer)
    with changed(store, current, newer):
        assert live.reload() == before
        assert "restart" in str(live.warning)
        assert LiveKnowledge(store).reload() == current, "better than nothing"


def test_a_manifest_that_promises_what_is_unknown_is_refused(two: tuple[GenerationStore, str, str]) -> None:
    store, current, before = two
    for value in ({"kind": "quantum", "parameters": {}, "recall": 1.0}, {"kind": "flat"}, None):

        def strange(_: Path, manifest: dict, value: object = value) -> None:
            manifest["tenants"]["shop"]["vectors"] = value

        with changed(store, current, strange):
            assert store.load_best()[0].name == before


def republish(store: GenerationStore) -> str:
    """The current generation once more, under a new name."""
    current = store.load(store.names()[0])
    entries = current.manifest["tenants"]
    return store.publish(
        Built(
            model=current.model,
            dimension=current.manifest["dimension"],
            code=current.manifest["code"],
            base=current.manifest["base"],
            digest=current.digest,
            withdrawals=0,
            probe=current.manifest["probe"],
            tenants={"shop": Part(current.tenants["shop"], entries["shop"]["source"], "", 1.0)},
            mood=None,
            vectors_by_hash={},
            earlier=current.name,
            unchanged=["other"],
        )
    )


STEPS = ("fsync", "link", "rename", "replace")


def in_a_child(work: Callable[[], object], *, killed_at: int | None) -> tuple[int, int]:
    """Run in a forked process that dies by kill -9 before a step on the disk; its signal, and the steps it took."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        taken = 0
        for name in STEPS:
            real = getattr(os, name)

            def counted(*given: object, real: Callable[..., object] = real, **named: object) -> object:
                nonlocal taken
                if taken == killed_at:
                    os.kill(os.getpid(), signal.SIGKILL)
                taken += 1
                os.write(writing, b".")
                return real(*given, **named)

            setattr(os, name, counted)
        try:
            work()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as steps:
        count = len(steps.read())
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, count


def test_a_writer_killed_at_any_step_leaves_a_whole_generation(shop: Settings) -> None:
    """F-79."""
    store = GenerationStore(shop.store)
    ended, steps = in_a_child(lambda: republish(store), killed_at=None)
    assert ended == 0
    assert steps >= 12
    seen = set()
    for step in range(steps):
        before = store.names()[0]
        ended, taken = in_a_child(lambda: republish(store), killed_at=step)
        assert (ended, taken) == (signal.SIGKILL, step)
        live = LiveKnowledge(store)
        served = live.reload()
        assert live.warning is None
        assert ask(live.current(), "多久能退款").hits[0].article == "refund-timing"
        seen.add(served == before)
    assert seen == {True, False}  # killed before the pointer moved, and after
    name = republish(store)
    assert store.names()[0] == name
    assert len(store.names()) == KEPT
    assert not list(store.folder.glob(".building-*"))


def test_rolling_back_serves_the_one_before_until_an_article_changes(shop: Settings) -> None:
    store = GenerationStore(shop.store)
    before = store.names()[0]
    path = shop.tenants["shop"] / "zh" / "coupon.md"
    path.write_text(path.read_text("utf-8").replace("每单一张", "每单两张"), "utf-8")
    bad = build(shop, if_changed=True, progress=quiet).generation
    assert store.roll_back() == before
    live = LiveKnowledge(store)
    assert live.reload() == before
    assert live.warning is None
    assert build(shop, if_changed=True, progress=quiet).skipped
    assert store.names()[:2] == [before, bad]
    path.write_text(path.read_text("utf-8").replace("每单两张", "每单一张"), "utf-8")
    invoice = shop.tenants["shop"] / "zh" / "invoice.md"
    kept = invoice.read_bytes()
    invoice.unlink()
    again = build(shop, if_changed=True, progress=quiet)
    assert not again.skipped
    assert store.names()[0] == again.generation
    invoice.write_bytes(kept)
    path.write_text(path.read_text("utf-8").replace("每单一张", "每单两张"), "utf-8")
    assert not build(shop, if_changed=True, progress=quiet).skipped, "what was once rolled back from may come again"
