"""One contract for files and databases; and what only a database can do: be edited."""

from __future__ import annotations

import subprocess
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from kb_index.articles.categories import tree_of
from kb_index.articles.file_store import FileStore
from kb_index.articles.lifecycle import TRANSITIONS, Verb
from kb_index.articles.model import Audience, State
from kb_index.articles.store import DatabaseStore
from kb_index.articles.stores import ArticleStore, Stores
from kb_index.articles.wanted import Wanted
from kb_index.database import Database
from kb_index.errors import (
    ArticleChanged,
    ArticleExists,
    ArticlesReadOnly,
    DatabaseUnavailable,
    IllegalStep,
    OperationReused,
    UnknownArticle,
    UnknownTenant,
)
from tests.kb_index.articles.stocked import (
    ARTICLES,
    CATEGORIES,
    DRAFT,
    FULL,
    change,
    create,
    publish,
    publish_all,
    write_all,
    write_file,
)


def listed(store: ArticleStore, **wanted: object) -> list[tuple[str, str]]:
    page = store.page(Wanted(**wanted))  # type: ignore[arg-type]
    return [(kept.article.id, kept.article.language) for kept in page.articles]


def test_what_is_published_is_read_whole_and_a_draft_is_not(store: ArticleStore) -> None:
    read = {(each.id, each.language): each for each in store.read().articles}
    assert read == {(each.id, each.language): each for each in ARTICLES}


def test_an_editor_also_reads_the_draft(store: ArticleStore) -> None:
    kept = store.one("new-gift", "zh")
    assert kept.article == DRAFT
    assert kept.served is None
    assert store.one("refund-timing", "zh").article == FULL


@pytest.mark.parametrize(
    ("name", "language"), [("absent", "zh"), ("limits", "en"), ("../zh/limits", "zh"), ("limits", "fr")]
)
def test_what_is_not_there_is_unknown(store: ArticleStore, name: str, language: str) -> None:
    for ask in (store.one, store.history):
        with pytest.raises(UnknownArticle):
            ask(name, language)
    with pytest.raises(UnknownArticle):
        store.revision(name, language, 1)


def test_each_filter_finds_what_it_names(store: ArticleStore) -> None:
    both = [("refund-timing", "en"), ("refund-timing", "zh")]
    assert listed(store, state=State.DRAFT) == [("new-gift", "zh")]
    assert listed(store, language="en") == [("refund-timing", "en")]
    assert listed(store, category="returns") == both
    assert listed(store, category="returns/refund") == both
    assert listed(store, category="return") == []
    assert listed(store, tag="hot") == [("refund-timing", "zh")]
    assert listed(store, tag="ho") == []
    assert listed(store, tag="%") == []
    assert listed(store, product="wallet") == [("refund-timing", "zh")]
    assert listed(store, audience=Audience.AGENTS) == [("limits", "zh")]
    assert listed(store, owner="support") == [("limits", "zh")]
    assert listed(store, text="礼包") == [("new-gift", "zh")]
    assert listed(store, text="REFUND", language="en") == [("refund-timing", "en")]
    assert listed(store, review_before=date(2026, 6, 1)) == [("terms", "zh")]


def test_pages_follow_each_other_without_a_gap(store: ArticleStore) -> None:
    found: list[tuple[str, str]] = []
    more = True
    while more:
        page = store.page(Wanted(limit=2, after=found[-1] if found else None))
        found += [(kept.article.id, kept.article.language) for kept in page.articles]
        more = page.more
    assert sorted(found) == sorted((each.id, each.language) for each in (*ARTICLES, DRAFT))
    assert len(found) == 5


def test_the_categories_are_a_tree_with_titles_and_counts(store: ArticleStore) -> None:
    assert [each.path for each in store.categories()] == [each.path for each in CATEGORIES]
    tree = {node["path"]: node for node in tree_of(store.categories(), store.read().articles)}
    assert tree["returns"]["titles"] == {"zh": "退换货", "en": "Returns"}
    assert tree["returns"]["articles"] == 1
    assert [child["path"] for child in tree["returns"]["children"]] == ["returns/refund"]


def test_the_digest_changes_with_what_is_published(database: Database) -> None:
    store = DatabaseStore("shop", database)
    publish_all(store)
    before = store.read().digest
    assert store.read().digest == before
    draft = store.apply(change(Verb.EDIT, FULL, revision=2, article=replace(FULL, answer="两天到账。")))
    assert store.read().digest == before, "a draft is not served"
    publish(store, draft)
    assert store.read().digest != before


def test_files_cannot_be_changed_here(tmp_path: Path) -> None:
    write_all(tmp_path)
    store = FileStore("shop", tmp_path)
    with pytest.raises(ArticlesReadOnly, match="are files in"):
        store.apply(change(Verb.RETIRE, FULL, revision=0))
    with pytest.raises(ArticlesReadOnly):
        store.set_categories(CATEGORIES)


def test_git_is_the_history_of_a_file(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        person = ["-c", "user.name=Mei", "-c", "user.email=mei@shop.example"]
        subprocess.run(["git", *person, *arguments], cwd=tmp_path, check=True, capture_output=True)

    store = FileStore("shop", tmp_path)
    write_file(tmp_path, FULL)
    assert store.history("refund-timing", "zh") == [], "no repository, no history, no error"
    git("init")
    git("add", ".")
    git("commit", "-m", "First words")
    write_file(tmp_path, replace(FULL, answer="明天到账。"))
    git("commit", "-a", "-m", "Faster now")
    steps = store.history("refund-timing", "zh")
    assert [(step.number, step.actor, step.why) for step in steps] == [
        (2, "Mei", "Faster now"),
        (1, "Mei", "First words"),
    ]
    assert store.revision("refund-timing", "zh", 1).article == FULL
    with pytest.raises(UnknownArticle):
        store.revision("refund-timing", "zh", 3)


def test_every_verb_in_every_state_does_what_the_table_says(database: Database) -> None:
    """Walks each state by the real store and tries every verb there."""
    store = DatabaseStore("shop", database)
    tried = 0
    for state, path in {State.DRAFT: [], State.PUBLISHED: [Verb.PUBLISH], State.RETIRED: [Verb.RETIRE]}.items():
        for verb in Verb:
            subject = replace(FULL, id=f"a{tried}")
            kept = create(store, subject)
            for step in path:
                kept = store.apply(change(step, subject, revision=kept.revision))
            assert kept.state is state
            more = {Verb.EDIT: {"article": subject}, Verb.ROLL_BACK: {"to": 1}, Verb.CREATE: {"article": subject}}
            asked = change(verb, subject, revision=kept.revision, **more.get(verb, {}))
            tried += 1
            if verb is Verb.CREATE:
                with pytest.raises(ArticleExists):
                    store.apply(asked)
            elif verb not in TRANSITIONS[state]:
                with pytest.raises(IllegalStep):
                    store.apply(asked)
                assert store.one(subject.id, "zh") == kept
            else:
                assert store.apply(asked).state is TRANSITIONS[state][verb]
    assert tried == 18


def test_customers_see_the_published_revision_until_the_draft_is_published(database: Database) -> None:
    store = DatabaseStore("shop", database)
    kept = publish(store, create(store, FULL))
    draft = store.apply(change(Verb.EDIT, FULL, revision=kept.revision, article=replace(FULL, answer="两天到账。")))
    assert (draft.state, draft.revision, draft.served) == (State.DRAFT, 3, 2)
    assert store.read().articles == (FULL,)
    assert publish(store, draft).served == 4
    assert store.read().articles[0].answer == "两天到账。"
    store.apply(change(Verb.RETIRE, FULL, revision=4))
    assert store.read().articles == ()


def test_history_tells_who_when_what_and_why_and_any_revision_comes_back(database: Database) -> None:
    store = DatabaseStore("shop", database)
    kept = publish(store, create(store, FULL, why="asked 40 times"), actor="li")
    other = replace(FULL, answer="错了。", facts=())
    kept = store.apply(change(Verb.EDIT, FULL, revision=kept.revision, article=other, actor="bo", why="hurry"))
    kept = store.apply(change(Verb.ROLL_BACK, FULL, revision=kept.revision, to=1, actor="li"))
    assert kept.article == replace(FULL, state=State.DRAFT)
    told = [
        (step.number, step.action, step.actor, step.why, str(step.state))
        for step in store.history("refund-timing", "zh")
    ]
    assert told == [
        (4, "roll-back to 1", "li", "", "draft"),
        (3, "edit", "bo", "hurry", "draft"),
        (2, "publish", "li", "", "published"),
        (1, "create", "mei", "asked 40 times", "draft"),
    ]
    assert store.revision("refund-timing", "zh", 3).article == replace(other, state=State.DRAFT)
    with pytest.raises(UnknownArticle, match="revision 9"):
        store.apply(change(Verb.ROLL_BACK, FULL, revision=4, to=9))


def test_a_lost_update_is_refused(database: Database) -> None:
    store = DatabaseStore("shop", database)
    create(store, FULL)
    store.apply(change(Verb.EDIT, FULL, revision=1, article=replace(FULL, title="甲"), actor="bo"))
    with pytest.raises(ArticleChanged, match=r"at revision 2 by bo, the change was based on 1"):
        store.apply(change(Verb.EDIT, FULL, revision=1, article=replace(FULL, title="乙")))
    assert store.one("refund-timing", "zh").article.title == "甲"


def test_of_many_who_edit_one_revision_at_once_one_wins(database: Database) -> None:
    store = DatabaseStore("shop", database)
    create(store, FULL)
    outcomes: list[str] = []

    def edit(number: int) -> None:
        try:
            store.apply(
                change(Verb.EDIT, FULL, revision=1, article=replace(FULL, title=f"{number}"), actor=f"{number}")
            )
            outcomes.append(f"won {number}")
        except ArticleChanged:
            outcomes.append("lost")

    threads = [threading.Thread(target=edit, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [outcome for outcome in outcomes if outcome != "lost"]
    assert len(outcomes) == 6
    assert store.one("refund-timing", "zh").article.title == winner.removeprefix("won ")
    assert len(store.history("refund-timing", "zh")) == 2


def test_a_repeated_operation_takes_effect_once(database: Database) -> None:
    store = DatabaseStore("shop", database)
    first = create(store, FULL, op="op-1")
    assert create(store, FULL, op="op-1") == first
    published = publish(store, first, op="op-2")
    assert publish(store, first, op="op-2") == published
    with pytest.raises(OperationReused):
        publish(store, first, op="op-1")
    gone = store.apply(change(Verb.RETIRE, FULL, revision=2))
    deleting = change(Verb.DELETE, FULL, revision=gone.revision, op="op-3")
    assert store.apply(deleting).revision == store.apply(deleting).revision
    assert [step.number for step in store.history("refund-timing", "zh")] == [4, 3, 2, 1]


def test_deleting_leaves_no_content_and_a_successor_goes_on_counting(database: Database) -> None:
    store = DatabaseStore("shop", database)
    create(store, FULL)
    store.apply(change(Verb.DELETE, FULL, revision=1, why="personal data"))
    with pytest.raises(UnknownArticle):
        store.one("refund-timing", "zh")
    steps = store.history("refund-timing", "zh")
    assert [(step.action, step.why) for step in steps] == [("delete", "personal data"), ("create", "")]
    assert [store.revision("refund-timing", "zh", step.number).article for step in steps] == [None, None]
    assert create(store, FULL).revision == 3


def test_tenants_do_not_see_each_other(database: Database) -> None:
    mine, theirs = DatabaseStore("shop", database), DatabaseStore("other", database)
    publish_all(mine)
    create(theirs, replace(FULL, tenant="other", title="theirs"), op="op-1")
    create(mine, replace(FULL, id="more"), op="op-1")
    assert theirs.read().articles == ()
    assert [each.path for each in theirs.categories()] == []
    assert listed(theirs) == [("refund-timing", "zh")]
    assert mine.one("refund-timing", "zh").article.title != "theirs"
    with pytest.raises(UnknownArticle):
        theirs.one("limits", "zh")
    with pytest.raises(UnknownArticle):
        theirs.apply(change(Verb.RETIRE, FULL, revision=2))


def test_the_settings_choose_the_store(tmp_path: Path, database: Database) -> None:
    write_all(tmp_path)
    stores = Stores({"files": tmp_path, "rows": "database"}, database)
    assert isinstance(stores.tenant("files"), FileStore)
    assert isinstance(stores.tenant("rows"), DatabaseStore)
    with pytest.raises(UnknownTenant):
        stores.tenant("absent")
    sources = stores.read_all().sources
    assert [(source.tenant, len(source.articles)) for source in sources] == [("files", 4), ("rows", 0)]


def test_a_second_process_finds_the_schema_and_the_rows(database: Database, database_url: str) -> None:
    create(DatabaseStore("shop", database), FULL)
    again = Database(database_url)
    again.prepare()
    assert DatabaseStore("shop", again).one("refund-timing", "zh").revision == 1
    again.close()


@pytest.mark.parametrize(
    "address", ["mysql://host/db", "sqlite://", "nonsense", "postgresql://nobody@127.0.0.1:1/none"]
)
def test_a_database_that_cannot_be_used_says_so(address: str) -> None:
    with pytest.raises(DatabaseUnavailable):
        Database(address).prepare()
