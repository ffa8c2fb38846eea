"""The house rules as tests over the sources themselves; each docstring names the bug that its rule stands for."""

from __future__ import annotations

import ast
import builtins
import gc
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("bot", "kb_index", "handoff_service", "data/demo_shop")
GLOSSARY = {
    "Tenant", "Contact", "Channel", "Conversation", "Timeline", "Entry", "Owner", "Epoch",
    "Handoff", "Queue", "Agent", "Ticket", "Article", "Passage", "Hit", "Turn",
}  # fmt: skip

FORBIDDEN_NAMES = {
    "utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "managers", "constants", "interfaces",
}  # fmt: skip

# Catching everything is right only where one failed job must not end the loop that runs all jobs.
CATCHES_ALL = {
    "handoff_service/channels/collect.py::__call__": "the job loop: tried again, and in the end the customer is told",
    "handoff_service/channels/fetch.py::_fetch": "a worker's loop: what one platform says must not end the gateway",
    "handoff_service/conversations/sweep.py::_try": "one conversation must not keep the sweeper from those behind it",
    "handoff_service/conversations/sweep.py::_again_and_again": "a worker's loop: a bug in one sweep must not end it",
    "handoff_service/database.py::_commit": "one failed write must not fail the group it is committed with",
    "handoff_service/database.py::_read_all": "one failed read must not fail the group it is read with",
    "handoff_service/database.py::_work_apart": "the error belongs to the caller of this one write",
    "handoff_service/groups.py::_work": "the thread must live on, and nobody may wait for ever",
    "handoff_service/live/heal.py::run": "a worker's loop: a bug in one look must not end the gateway",
    "handoff_service/live/session.py::run": "whatever breaks in one socket, its client is told to come back",
    "handoff_service/nodes.py::run": "a worker's loop: a heartbeat that fails must not end the gateway",
    "handoff_service/outbox_worker.py::_carry_out": "the job loop: the row is tried again",
    "handoff_service/outbox_worker.py::_release": "leases that are not given back run out",
    "handoff_service/outbox_worker.py::run": "a worker's loop: one look that fails must not end the gateway",
    "handoff_service/retention/keeper.py::run": "a worker's loop: one round that fails must not end the gateway",
    "handoff_service/webhooks/worker.py::run": "a worker's loop: one look that fails must not end the gateway",
    "handoff_service/wires.py::_again_and_again": "a broken wire costs latency only, whatever its library raises",
}

# SQL lives in store.py; these files have their own table, or are about the database itself.
SQL_HOMES = {
    "handoff_service/damage.py": "PRAGMA quick_check",
    "handoff_service/restore.py": "fills every table, and PRAGMA",
    "handoff_service/conversations/cursors.py": "cursors",
    "handoff_service/backup.py": "reads every table",
    "handoff_service/audit.py": "the audit's chain",
    "handoff_service/channels/cursors.py": "how far accounts of platforms have been read",
    "handoff_service/channels/windows.py": "what a contact on a platform has open, and ids of deliveries",
    "handoff_service/channels/media_refs.py": "what customers sent and is still with the platform",
    "handoff_service/channels/contacts.py": "contacts and the identities that channels know them by",
    "handoff_service/channels/web_widget.py": "visitor tokens",
    "handoff_service/conversations/receive.py": "locks the contact's row",
    "handoff_service/conversations/turn.py": "the turns table",
    "handoff_service/database.py": "transactions",
    "handoff_service/handoffs/queue.py": "the order of the queue",
    "handoff_service/live/heal.py": "which conversations changed",
    "handoff_service/live/principal.py": "socket tickets",
    "handoff_service/migrate.py": "migrations and the log's id",
    "handoff_service/operations.py": "recorded results of operations",
    "handoff_service/nodes.py": "heartbeats of gateways",
    "handoff_service/outbox.py": "the outbox",
    "handoff_service/postgres.py": "sessions of the server",
    "handoff_service/statements.py": "how a row of any table is inserted",
    "handoff_service/tickets/listing.py": "lists of tickets",
    "handoff_service/tickets/log.py": "the logs of tickets, their links and files",
    "handoff_service/vitals.py": "the probe row and the oldest of everything",
    "kb_index/database.py": "transactions, PRAGMA and the number of the newest migration",
}
SQL_TEXT = re.compile(
    r"\s*(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+(TABLE|INDEX)|PRAGMA|BEGIN\s)",
    re.IGNORECASE | re.DOTALL,
)
SQL_CALLS = {"select", "insert", "update", "delete", "text"}
OWNER_COLUMNS = {"owner_kind", "owner_agent", "epoch"}

# Each of these addresses is known to one module of a part: the client that calls it, or the server that answers.
WIRE_ADDRESSES = ("/webhooks/tandem/turn", "/understand")


@pytest.fixture(scope="module", autouse=True)
def no_collections() -> Iterator[None]:
    """Looking for garbage in millions of nodes that all stay takes longer than the rules."""
    gc.disable()
    yield
    gc.enable()


@cache
def sources() -> tuple[str, ...]:
    """Paths (relative, with /) of all files that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return tuple(sorted(path for path in listed.split("\0") if path and (ROOT / path).is_file()))


def modules(*folders: str) -> list[str]:
    """Python files, of these folders when some are named."""
    return [
        path
        for path in sources()
        if path.endswith(".py") and (not folders or any(path.startswith(f"{folder}/") for folder in folders))
    ]


@cache
def tree(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(), filename=path)


@cache
def nodes(path: str) -> Sequence[ast.AST]:
    """Every node of a file. Walking again for every rule took most of the time."""
    return tuple(ast.walk(tree(path)))


@cache
def docstrings(path: str) -> frozenset[int]:
    """Identities of the constants that are docstrings."""
    found = set()
    for node in nodes(path):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                found.add(id(first.value))
    return frozenset(found)


def code_strings(path: str) -> Iterator[ast.Constant]:
    """String constants that are not docstrings, the pieces of f-strings among them."""
    for node in nodes(path):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings(path):
            yield node


def imports(path: str) -> Iterator[tuple[int, str]]:
    """Line and full name of every imported module."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: import by the full name"
            yield node.lineno, node.module or ""


def classes(*folders: str) -> Iterator[tuple[str, ast.ClassDef]]:
    for path in modules(*folders):
        for node in nodes(path):
            if isinstance(node, ast.ClassDef):
                yield path, node


def base_names(node: ast.ClassDef) -> list[str]:
    names = []
    for base in node.bases:
        inner = base.value if isinstance(base, ast.Subscript) else base
        names.append(inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", ""))
    return names


def functions(path: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in nodes(path):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def test_modules_and_functions_stay_small() -> None:
    """The god file: a queue of 2,400 lines in which nobody saw that two functions closed the same conversation."""
    long = []
    for path in sources():
        if not path.endswith((".py", ".ts", ".tsx")):
            continue
        lines = len((ROOT / path).read_text().splitlines())
        is_test = path.startswith("tests/") or "/tests/" in path or ".test." in path
        if lines > (600 if is_test else 400):
            long.append(f"{path}: {lines} lines")
    for path in modules():
        # A migration is one list of statements, written once and never changed.
        for function in () if "/migrations/" in path else functions(path):
            size = _own_lines(function)
            if size > 60:
                long.append(f"{path}:{function.lineno}: {function.name} has {size} lines")
    assert long == []


def _own_lines(function: ast.AST) -> int:
    """Lines of a function without those of the functions inside it: a list of routes is as long as it has routes."""
    lines = _lines(function)
    for inner in ast.iter_child_nodes(function):
        if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines -= _lines(inner)
    return lines


def _lines(node: ast.AST) -> int:
    return int(node.end_lineno - node.lineno + 1)  # type: ignore[attr-defined]


def test_no_drawer_for_things_without_a_name() -> None:
    """utils.py: the time zone of due times was lost in a `format_date` that three features shared by accident."""
    steps = {(step.split(".")[0].lower(), path) for path in sources() for step in path.split("/")}
    assert sorted(path for step, path in steps if step in FORBIDDEN_NAMES) == []


def test_only_the_table_decides_on_owners_and_only_one_place_writes_them() -> None:
    """A "close" button set the status column directly, past the guard, and a bot answered after the agent's goodbye."""
    tables = [
        path
        for path in modules("handoff_service")
        for node in nodes(path)
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and target.id == "TRANSITIONS"
    ]
    assert tables == ["handoff_service/conversations/lifecycle.py"]

    writers = set()
    for path in modules("handoff_service"):
        for node in nodes(path):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("values", "update"):
                names = {keyword.arg for keyword in node.keywords}
                if names & OWNER_COLUMNS and "conversations" in ast.unparse(node.func):
                    writers.add(path)
            if isinstance(node, ast.Dict):
                names = {key.value for key in node.keys if isinstance(key, ast.Constant)}
                if names & {"owner_kind", "owner_agent"}:
                    writers.add(path)
    assert writers <= {"handoff_service/conversations/store.py", "handoff_service/conversations/model.py"}


def test_sql_stays_in_its_homes() -> None:
    """A route with its own SELECT forgot the tenant, and one brand's agent could read another brand's customers."""
    strays = []
    for path in modules("handoff_service", "kb_index", "data/demo_shop", "bot"):
        if path.endswith("/store.py") or path in SQL_HOMES or "/migrations/" in path or "/tables/" in path:
            continue
        strays += [f"{path}:{text.lineno}" for text in code_strings(path) if SQL_TEXT.match(str(text.value))]
        for node in nodes(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                module = getattr(node.func.value, "id", "")
                if module in ("sa", "sqlalchemy") and node.func.attr in SQL_CALLS:
                    strays.append(f"{path}:{node.lineno}: sa.{node.func.attr}")
    assert strays == []
    assert [path for path in SQL_HOMES if path not in sources() and not path.endswith("queue.py")] == []


def test_every_table_is_written_by_one_module() -> None:
    """Two modules wrote `presence`; one forgot the lease, so an agent who had gone home was offered conversations."""
    writers: dict[str, set[str]] = defaultdict(set)
    for path in modules("handoff_service"):
        if "/migrations/" in path:
            continue
        aliases = _table_aliases(path)
        for node in nodes(path):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and getattr(node.func.value, "id", "") == "sa"
                and node.func.attr in ("insert", "update", "delete")
                and node.args
            ):
                written = ast.unparse(node.args[0])
                table = aliases.get(written, written).removeprefix("tables.")
                writers[table].add(path)
    several = {table: sorted(paths) for table, paths in writers.items() if len(paths) > 1}
    # The probe row of /readyz shares the table of the log's id; neither touches the other's row.
    several.pop("meta", None)
    assert several == {}


def _table_aliases(path: str) -> dict[str, str]:
    """`M` → `tables.meta` for `M = tables.meta` and `M = tables.meta.c`."""
    found = {}
    for node in tree(path).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = ast.unparse(node.value).removesuffix(".c")
    return found


def test_parts_do_not_import_each_other() -> None:
    """One import of the gateway's models into the bot pulled pydantic 2 into Rasa's environment: no start."""
    forbidden = {
        "bot": {"kb_index", "handoff_service", "data"},
        "kb_index": {"bot", "rasa", "handoff_service", "data"},
        "handoff_service": {"bot", "rasa", "kb_index", "data"},
        "data/demo_shop": {"bot", "rasa", "kb_index", "handoff_service"},
    }
    strays = []
    for part, others in forbidden.items():
        for path in modules(part):
            for line, name in imports(path):
                if name.split(".")[0] in others and not name.startswith(("data.demo_shop", "bot.hearing")):
                    strays.append(f"{path}:{line}: {name}")
    assert strays == []


def test_what_both_sides_hear_with_needs_nothing_of_either() -> None:
    """While Rasa was down the gateway heard two ways of three to ask for a person: the words for it were the bot's."""
    found = {name for path in modules("bot/hearing") for _, name in imports(path) if not name.startswith("bot.hearing")}
    assert {name.split(".")[0] for name in found} <= {*sys.stdlib_module_names, "yaml"}
    assert [path for path in ("bot/__init__.py", "bot/hearing/__init__.py") if list(imports(path))] == []


def test_there_is_one_sqlite() -> None:
    """A stress run of the system's SQLite (3.40) destroyed a database in seconds; see pyproject.toml."""
    strays = []
    for path in modules("handoff_service", "kb_index", "data", "tests"):
        if path.startswith("tests/bot/"):  # the other environment: files of its own
            continue
        strays += [f"{path}:{line}: {name}" for line, name in imports(path) if name.split(".")[0] == "sqlite3"]
        for node in nodes(path):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "create_engine":
                given = {keyword.arg for keyword in node.keywords}
                if not given & {"module", "isolation_level", "pool_pre_ping"}:  # the latter: PostgreSQL
                    strays.append(f"{path}:{node.lineno}: create_engine without module=sqlite3")
    assert strays == []


def test_what_tests_share_is_not_imported() -> None:
    """Two files imported a session's fixture: it ran twice in one process, the second over the first one's database."""
    shared = {
        (path.removesuffix(".py").replace("/", "."), node.name)
        for path in modules("tests")
        if path.endswith("conftest.py")
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if "scope=" in ast.unparse(decorator)
    }
    assert shared, "the fixtures that tests share are found"
    assert not [
        f"{path}: {name.name}"
        for path in modules("tests")
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom)
        for name in node.names
        if (node.module, name.name) in shared
    ], "move the test below the conftest.py, or the fixture up"


def test_the_launcher_needs_nothing_but_python() -> None:
    """`make run` on a fresh machine ended in "No module named 'pydantic'", before anything was installed."""
    strays = []
    for path in modules("handoff_service/launch"):
        for line, name in imports(path):
            if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("handoff_service.launch"):
                strays.append(f"{path}:{line}: {name}")
    assert strays == []
    assert tree("handoff_service/__init__.py").body[1:] == [], "importing the package must import nothing"


def test_the_knowledge_index_knows_the_web_in_its_api_files_only() -> None:
    """`kb_index build` in a cron job took four seconds to import a web framework that it did not use."""
    web = {"fastapi", "starlette", "uvicorn"}
    knowing = {path for path in modules("kb_index") for _, name in imports(path) if name.split(".")[0] in web}
    assert {path for path in knowing if not path.endswith("/api.py")} <= {"kb_index/index/command.py"}


@pytest.mark.parametrize("address", WIRE_ADDRESSES)
def test_an_address_is_written_once_in_a_part(address: str) -> None:
    """The bot's address was spelt in three modules; after a change two posted to a 404 that looked like "down"."""
    for part in PARTS:
        knowing = {path for path in modules(part) for text in code_strings(path) if str(text.value).endswith(address)}
        assert len(knowing) <= 1, f"{address} is in {sorted(knowing)}"


def test_the_stock_rest_channel_of_rasa_is_not_used() -> None:
    """It answers 200 with [] when the bot has crashed, and the customer waits for ever."""
    using = [path for path in modules(*PARTS) for text in code_strings(path) if "/webhooks/rest/" in str(text.value)]
    assert using == []


def test_errors_are_not_swallowed() -> None:
    """`except Exception: return None` hid a full disk for two days; the messages of those days are gone."""
    strays = []
    for path in modules():
        for function in functions(path):
            for node in ast.walk(function):
                if not isinstance(node, ast.ExceptHandler):
                    continue
                caught = "" if node.type is None else ast.unparse(node.type)
                if caught in ("", "Exception", "BaseException") and not any(
                    isinstance(inner, ast.Raise) for inner in ast.walk(node)
                ):
                    strays.append(f"{path}::{function.name}")
    assert sorted(set(strays) - set(CATCHES_ALL)) == []


def test_no_class_exists_only_to_be_inherited_once() -> None:
    """BaseChannel with one child: the second channel had to override every method, and forgot to verify signatures."""
    children: dict[str, set[str]] = defaultdict(set)
    for _, node in classes(*PARTS):
        for base in base_names(node):
            children[base].add(node.name)
    used = {
        ast.unparse(node.func).split(".")[-1]
        for path in modules()
        for node in nodes(path)
        if isinstance(node, ast.Call)
    }
    lonely = [
        f"{path}:{node.lineno}: {node.name} has the one child {children[node.name]}"
        for path, node in classes(*PARTS)
        if len(children[node.name]) == 1
        and node.name not in used
        and "Protocol" not in base_names(node)
        and not _is_error(node.name)
    ]
    assert lonely == []


def test_every_protocol_has_two_implementations() -> None:
    """An interface with one implementation was its copy: it changed whenever the class did, and promised nothing."""
    members = {node.name: _members(node) for _, node in classes()}
    lonely = []
    for path, node in classes(*PARTS):
        if "Protocol" not in base_names(node):
            continue
        asked = {method.name for method in node.body if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef))}
        able = [name for name, offered in members.items() if name != node.name and asked <= offered]
        if asked and len(able) < 2:
            lonely.append(f"{path}:{node.lineno}: {node.name} is implemented by {able}")
    assert lonely == []


def _members(node: ast.ClassDef) -> frozenset[str]:
    """Names of the methods and attributes that a class defines or assigns to itself."""
    names = set()
    for inner in ast.walk(node):
        if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names.add(inner.name)
        elif isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
            names.add(inner.target.id)
        elif isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
            names.add(inner.attr)
        elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            names.add(inner.id)
    return frozenset(names)


@cache
def _errors() -> dict[str, tuple[str, ast.ClassDef]]:
    """All our exception classes by name."""
    found: dict[str, tuple[str, ast.ClassDef]] = {}
    while True:
        fresh = {
            node.name: (path, node)
            for path, node in classes(*PARTS)
            if node.name not in found and any(base in found or _is_builtin_error(base) for base in base_names(node))
        }
        if not fresh:
            return found
        found |= fresh


def _is_error(name: str) -> bool:
    return name in _errors()


def _is_builtin_error(name: str) -> bool:
    kind = getattr(builtins, name, None)
    return isinstance(kind, type) and issubclass(kind, BaseException)


def test_every_error_is_in_the_tree_and_has_a_status() -> None:
    """A new error that nobody had listed became a "500": customers were told so for a text that was too long."""
    homes = sorted((path for path in modules(*PARTS) if path.endswith("/errors.py")), key=len, reverse=True)
    assert homes
    for name, (path, _) in _errors().items():
        home = next((home for home in homes if path.startswith(home.removesuffix("errors.py"))), None)
        if home is None or name.startswith("_"):
            continue
        drawn = ast.get_docstring(tree(home)) or ""
        assert re.search(rf"\b{name}\b", drawn), f"{path}: {name} is missing in the tree of {home}"
        if "/launch/" not in home and path == home:
            assert _has_status(name), f"{path}: {name} has no status of its own or of its parents"


def _has_status(name: str) -> bool:
    if name not in _errors():
        return False
    _, node = _errors()[name]
    return "status" in _members(node) or any(_has_status(base) for base in base_names(node))


def test_times_know_their_zone() -> None:
    """A due time computed with naive `now()` moved by eight hours when the server moved, and 200 tickets were late."""
    strays = []
    for path in modules(*PARTS):
        for node in nodes(path):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            called, given = ast.unparse(node.func), len(node.args) + len(node.keywords)
            naive = called.endswith(("datetime.utcnow", "datetime.utcfromtimestamp"))
            naive |= called.endswith("datetime.now") and given == 0
            naive |= called.endswith("datetime.fromtimestamp") and given < 2
            if naive:
                strays.append(f"{path}:{node.lineno}: {called}")
    assert strays == []


def test_nothing_is_left_for_later() -> None:
    """ "Check the signature here" stood in a comment for a year, and in a report about the break-in after it."""
    marks = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
    code = (".py", ".ts", ".tsx", ".css", ".html", ".yml", ".toml", ".md", "Makefile")
    found = [
        f"{path}:{number}"
        for path in sources()
        if path.endswith(code) and not path.startswith("data/kb/")
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1)
        if marks.search(line)
    ]
    found += [f"{path}: a stub" for path in modules(*PARTS) if "NotImplementedError" in (ROOT / path).read_text()]
    assert found == []


@cache
def readme() -> str:
    return (ROOT / "README.md").read_text()


def make_targets() -> set[str]:
    text = (ROOT / "Makefile").read_text()
    return set(re.findall(r"^([a-z-]+):$", text, re.MULTILINE)) - {"help"}


def test_the_readme_names_every_make_target_and_no_other() -> None:
    """The README told newcomers to run `make install`, which had become `make setup` a year before."""
    told = set(re.findall(r"(?:`|^|\$ )make ([a-z-]+)", readme(), re.MULTILINE))
    assert told == make_targets()


def test_make_and_the_launcher_know_the_same_commands() -> None:
    """`make bench` answered "Nothing to be done" because a folder had the same name and the target was not phony."""
    keys = {
        key.value
        for node in tree("handoff_service/launch/__main__.py").body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COMMANDS"
        for key in getattr(node.value, "keys", [])
    }
    assert keys == make_targets()


def test_the_words_of_the_glossary_are_the_words_of_the_code() -> None:
    """ "Chat", "dialog" and "session" were one thing with three tables, and a join between two of them lost rows."""
    section = re.split(r"^#+ .*glossary.*$", readme(), maxsplit=1, flags=re.MULTILINE | re.IGNORECASE)
    assert len(section) == 2, "README.md has no section named Glossary"
    told = set(re.findall(r"[A-Z][a-z]+", " ".join(re.findall(r"^\| *([^|]+)\|", section[1], re.MULTILINE))))
    assert told >= GLOSSARY

    identifiers = {
        word.lower()
        for path in modules(*PARTS)
        for node in nodes(path)
        for word in re.findall(r"[A-Za-z][a-z]*", getattr(node, "name", "") or getattr(node, "arg", "") or "")
    } | {word.lower() for path in modules(*PARTS) for word in re.findall(r"[a-z]+", path)}
    assert [word for word in GLOSSARY if not {word.lower(), f"{word.lower()}s"} & identifiers] == []


@cache
def _settings_in_code() -> frozenset[str]:
    """Every TANDEM_ variable that a part reads: named in full, or a field of a settings class with a prefix."""
    found: set[str] = set()
    for path in modules(*PARTS):
        if not re.search("TANDEM_|BaseSettings", (ROOT / path).read_text()):
            continue  # the tests of deploy/ ask too, and would have every file parsed for nothing
        for text in code_strings(path):
            found |= set(re.findall(r"\bTANDEM_[A-Z0-9_]*[A-Z0-9]\b(?!_)", str(text.value)))
        for node in nodes(path):
            if isinstance(node, ast.ClassDef) and "BaseSettings" in base_names(node):
                (prefix,) = re.findall(r"env_prefix='(\w+)'", ast.unparse(node)) or [""]
                found |= {
                    f"{prefix}{field.target.id}".upper()
                    for field in node.body
                    if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
                    if "validation_alias" not in ast.unparse(field)  # then the alias is found as a string
                }
    return frozenset(name for name in found if name.startswith("TANDEM_"))


def test_the_readme_lists_every_setting_and_no_other() -> None:
    """A setting that nobody could find was set in the code instead, by every operator, in a fork of his own."""
    told = set(re.findall(r"TANDEM_[A-Z0-9_]*[A-Z0-9]", readme()))
    known = _settings_in_code()
    assert sorted(known - told) == [], "settings that README.md does not list"
    assert sorted(told - known) == [], "settings in README.md that nothing reads"
