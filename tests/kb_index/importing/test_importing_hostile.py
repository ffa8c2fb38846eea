"""Files that want to do harm, or that nobody made on purpose."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import docx
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb_index.importing.sources import ENDINGS, read_file
from tests.kb_index.importing.importing_desk import Desk, whys


def rezipped(path: Path, part: str, content: bytes) -> None:
    """Replace one part of an office file."""
    with zipfile.ZipFile(path) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, old in {**parts, part: content}.items():
            archive.writestr(name, content if name == part else old)


def office_files(desk: Desk) -> tuple[Path, Path]:
    document = docx.Document()
    document.add_heading("退款", 1)
    document.add_paragraph("退款三到五个工作日到账。")
    book = openpyxl.Workbook()
    book.active.append(["问题", "答案"])
    book.active.append(["怎么退货", "七天之内可以申请"])
    word, sheet = desk.write("a.docx", b""), desk.write("b.xlsx", b"")
    document.save(str(word))
    book.save(sheet)
    return word, sheet


def test_archives_that_unpack_to_too_much_are_not_opened(desk: Desk) -> None:
    word, sheet = office_files(desk)
    rezipped(word, "word/document.xml", b"<w>" + b" " * 300_000_000)
    rezipped(sheet, "xl/worksheets/sheet1.xml", b"<w>" + b"0" * 50_000_000)
    report = desk.run(desk.folder / "sources", code=1)
    assert whys(report, "failed").count("it was not opened") == 2
    assert report["counts"]["created"] == 0


def test_entities_in_office_files_are_not_resolved(desk: Desk) -> None:
    word, sheet = office_files(desk)
    entity = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    rezipped(word, "word/document.xml", entity)
    rezipped(sheet, "xl/worksheets/sheet1.xml", entity)
    report = desk.run(desk.folder / "sources", code=1)
    assert whys(report, "failed").count("declares entities") == 2
    padded = b'<?xml version="1.0"?>' + b" " * 5000 + entity.partition(b"?>")[2]
    rezipped(word, "word/document.xml", padded)
    rezipped(sheet, "xl/worksheets/sheet1.xml", padded)
    report = desk.run(desk.folder / "sources", code=1)
    assert report["counts"]["failed"] == 2
    assert report["counts"]["created"] == 0


def test_links_and_other_kinds_of_files_in_a_folder_are_left_out(desk: Desk) -> None:
    secret = desk.folder / "secret.md"
    secret.write_text("# Secret\n\nThis is not for customers at all.\n")
    desk.write("ok.md", "# Delivery\n\nWe deliver within five working days.\n")
    desk.write("program.exe", b"MZ")
    desk.write("empty.md", "")
    desk.write(".hidden.md", "# Hidden\n\nNobody sees this article.\n")
    (desk.folder / "sources" / "link.md").symlink_to(secret)
    (desk.folder / "sources" / "up").symlink_to(desk.folder)
    os.mkfifo(desk.folder / "sources" / "pipe.md")
    report = desk.run(desk.folder / "sources", code=1)
    assert set(desk.articles()) == {"Delivery"}
    failed = whys(report, "failed")
    assert "link.md : it is a link" in failed
    assert "empty.md : it is empty" in failed
    assert "pipe.md : it is no ordinary file" in failed
    assert ".exe is not imported" in whys(report, "skipped")


def test_names_cannot_lead_out_of_the_folder(desk: Desk) -> None:
    sheet = "id,question,similar,answer\n../../evil,How do I pay?,pay|ways to pay,By card or by wallet\n"
    desk.run(desk.write("..evil name\u202e.csv", sheet))
    written = [path for path in desk.folder.rglob("*.md") if path.is_file()]
    assert len(written) == 1
    assert written[0].parent == desk.kb / "en" / "imported"


def test_a_link_in_the_place_of_the_target_is_refused(desk: Desk) -> None:
    elsewhere = desk.folder / "elsewhere"
    elsewhere.mkdir()
    (desk.kb / "en").mkdir(parents=True)
    (desk.kb / "en" / "imported").symlink_to(elsewhere)
    report = desk.run(desk.write("a.md", "# Delivery\n\nWe deliver within five working days.\n"), code=1)
    assert "leads out of the folder" in whys(report, "failed")
    assert list(elsewhere.iterdir()) == []


def test_nothing_half_written_is_left_when_the_disk_refuses(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = desk.write("a.md", "# Delivery\n\nWe deliver within five working days.\n")
    (desk.kb / "en" / "imported").mkdir(parents=True)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        from kb_index.__main__ import main

        assert main(["import", str(path), "--tenant", "demo", "--into", str(desk.kb), "--lexical"]) == 1
    assert [each.name for each in desk.kb.rglob("*") if each.is_file() and each.suffix != ".lock"] == []
    assert desk.run(path)["counts"]["created"] == 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(min_size=1, max_size=400), ending=st.sampled_from(sorted(ENDINGS)), data=st.data())
def test_whatever_a_file_holds_is_an_outcome_and_never_a_crash(
    tmp_path: Path, content: bytes, ending: str, data: st.DataObject
) -> None:
    if data.draw(st.booleans()):
        head = {".pdf": b"%PDF-1.4\n", ".html": b"<html><p>", ".json": b'{"entries":[', ".csv": "问题,答案\n".encode()}
        content = head.get(ending, b"# A\n\n") + content
    path = tmp_path / f"file{ending}"
    path.write_bytes(content)
    reading = read_file(path, label=path.name, columns={})
    assert reading.items or reading.skips
    assert all(skip.why for skip in reading.skips)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("deep.html", "<div>" * 20_000 + "text" + "</div>" * 20_000),
        ("deep.json", "[" * 100_000),
        ("open.html", "<table><tr><td>" * 3000 + "<script>" + "a" * 10_000),
        ("marks.md", "#" * 50_000 + "\n" + "*_`" * 50_000 + "[](" * 20_000),
        ("words.jsonl", '{"entries":[]}\n' * 2000),
        ("long.csv", "问题,答案\n" + "怎么" * 100_000 + "," + "答" * 100_000),
        ("same.txt", "嗯" * 100_000 + "\n\n" + "1. a?\n" * 3000),
    ],
)
def test_files_that_nobody_made_on_purpose_are_read_in_bounded_time(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    reading = read_file(path, label=name, columns={})
    assert reading.items or reading.skips
