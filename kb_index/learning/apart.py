"""A replay in a process of its own: thousands of questions are asked again, and no customer waits for that."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime
from multiprocessing import get_context

from kb_index.articles.editing import Desk
from kb_index.articles.model import Article
from kb_index.articles.stores import Stores
from kb_index.commands import load
from kb_index.learning.replay import Replay
from kb_index.learning.workbench import Workbench
from kb_index.settings import Settings

Replaying = Callable[[Settings, str, Article, date], Replay]

KIND = 10
"""How much less pressing than an answer."""


def replay_apart(settings: Settings, tenant: str, article: Article, day: date) -> Replay:
    """What Workbench.replay_article gives and raises on a day, on the current generation."""
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=os.nice, initargs=(KIND,)) as pool:
        return pool.submit(replay_here, settings, tenant, article, day).result()


def replay_here(settings: Settings, tenant: str, article: Article, day: date) -> Replay:
    """The same in this process."""
    knowledge = load(settings)
    desk = Desk(Stores.of(settings), day=lambda: day, withdraw=lambda *_: None)
    try:
        bench = Workbench(settings, desk, knowledge=lambda: knowledge, now=lambda: datetime.now(UTC))
        return bench.replay_article(tenant, article)
    finally:
        desk.stores.database.close()
