from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from kb_index.index.build import build
from kb_index.index.generation import GenerationStore
from kb_index.index.live import LiveKnowledge
from kb_index.search.understand import Knowledge
from kb_index.settings import Settings
from tests.conftest import Once
from tests.kb_index.shop_articles import quiet, shop_settings, write_article, write_shop, write_texts


@pytest.fixture(scope="session")
def built_shop(once: Once) -> Path:
    """A folder with two tenants' articles and their built index; tests copy it before they change it."""
    return once("shop", _build_shop)


def _build_shop(folder: Path) -> None:
    write_shop(folder / "kb")
    write_texts(folder)
    for language, secret in (("zh", "琥珀密码本"), ("en", "amber code book")):
        write_article(
            folder / "other",
            "amber-code",
            language,
            title=secret,
            questions=[f"{secret} 1", f"{secret} 2", f"{secret} 3"],
            answer=f"Only for the other tenant: {secret}.",
        )
    build(shop_settings(folder), if_changed=False, progress=quiet)


@pytest.fixture
def shop(built_shop: Path, tmp_path: Path) -> Settings:
    """A private copy of the built shop that a test may change or break."""
    folder = tmp_path / "shop"
    shutil.copytree(built_shop, folder)
    return shop_settings(folder)


@pytest.fixture(scope="session")
def knowledge(built_shop: Path) -> Knowledge:
    live = LiveKnowledge(GenerationStore(shop_settings(built_shop).store))
    live.reload()
    return live.current()


@pytest.fixture(autouse=True)
def _logs_end_with_the_test() -> Iterator[None]:
    """A command configures logs onto the standard error of its own test, which is closed afterwards."""
    yield
    structlog.reset_defaults()
