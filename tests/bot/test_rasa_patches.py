"""Each change to Rasa is tied to the version it was made for and does what it says."""

import importlib.util
from pathlib import Path

import pytest

from bot.__main__ import silence_rasa
from bot.settings import ROOT
from bot.without_tensorflow import VERSION, Finder, stand_in

stand_in()
silence_rasa()

import rasa  # noqa: E402
from rasa.core.actions.action import RemoteAction, action_for_name_or_text  # noqa: E402
from rasa.core.channels.channel import CollectingOutputChannel  # noqa: E402
from rasa.core.tracker_store import InMemoryTrackerStore  # noqa: E402
from rasa.shared.core.domain import Domain  # noqa: E402
from rasa.shared.core.events import BotUttered, Event, SlotSet, UserUttered  # noqa: E402
from rasa.shared.core.trackers import DialogueStateTracker  # noqa: E402

from bot import rasa_patches  # noqa: E402
from bot.components.recent_trackers import RecentTrackers  # noqa: E402
from bot.training import is_current  # noqa: E402


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rasa as it was, after the test."""
    monkeypatch.setattr(RemoteAction, "run", RemoteAction.run)
    monkeypatch.setattr(Event, "resolve_by_type", staticmethod(Event.resolve_by_type))


def domain() -> Domain:
    return Domain.load(str(ROOT / "bot" / "domain.yml"))


def test_rasa_is_the_version_that_the_patches_were_made_for() -> None:
    assert rasa.__version__ == rasa_patches.MADE_FOR, "read each patch against the new Rasa, then raise MADE_FOR"
    assert f"rasa=={rasa_patches.MADE_FOR}" in (ROOT / "bot" / "requirements.lock").read_text()


def test_the_stand_in_is_here_only_without_tensorflow() -> None:
    assert importlib.util.find_spec("tensorflow").loader.__class__ is Finder
    lock = (ROOT / "bot" / "requirements.lock").read_text()
    assert not [line for line in lock.splitlines() if line.startswith("tensorflow") and "never" not in line]


def test_a_component_that_needs_tensorflow_says_so() -> None:
    from rasa.utils.tensorflow.models import RasaModel

    with pytest.raises(ModuleNotFoundError, match="needs TensorFlow"):
        RasaModel()


def test_the_stand_in_claims_the_version_that_rasa_pins() -> None:
    import tensorflow

    assert tensorflow.__version__ == VERSION


@pytest.mark.usefixtures("patched")
async def test_custom_actions_run_in_this_process_and_failures_are_remembered() -> None:
    async def good(_output: object, _tracker: DialogueStateTracker) -> list[Event]:
        return [BotUttered("hello")]

    async def bad(_output: object, _tracker: DialogueStateTracker) -> list[Event]:
        raise RuntimeError("boom")

    rasa_patches.apply({"action_reply": good, "action_handoff": bad})
    tracker = DialogueStateTracker.from_events("s", [])
    output = CollectingOutputChannel()
    action = action_for_name_or_text("action_reply", domain(), None)
    assert (await action.run(output, None, tracker, domain()))[0].text == "hello"
    with pytest.raises(RuntimeError, match="boom"):
        await action_for_name_or_text("action_handoff", domain(), None).run(output, None, tracker, domain())
    assert str(output.failure) == "boom"


@pytest.mark.usefixtures("patched")
def test_events_are_found_by_name_as_before() -> None:
    stored = [UserUttered("hi"), SlotSet("tries", 1), BotUttered("hello")]
    before = [Event.resolve_by_type(event.type_name) for event in stored]
    rasa_patches.apply({})
    assert [Event.resolve_by_type(event.type_name) for event in stored] == before
    assert Event.resolve_by_type("no_such_event", default=SlotSet) is SlotSet


@pytest.mark.usefixtures("patched")
def test_patches_can_be_switched_off_by_name() -> None:
    before = Event.resolve_by_type
    assert rasa_patches.apply({}, off=["event_types_by_name"]) == ["in_process_actions"]
    assert Event.resolve_by_type == before
    with pytest.raises(KeyError):
        rasa_patches.apply({}, off=["no_such_patch"])


async def test_the_tracker_store_forgets_the_longest_silent() -> None:
    store = RecentTrackers(domain(), limit=2)
    for sender in ("a", "b", "a", "c"):
        await store.save(DialogueStateTracker.from_events(sender, [UserUttered("hi")]))
    assert list(store.store) == ["a", "c"]
    assert await store.retrieve("b") is None
    assert isinstance(store, InMemoryTrackerStore)


def test_a_folder_without_model_is_not_current(tmp_path: Path) -> None:
    assert not is_current(tmp_path)
    (tmp_path / "live.json").write_text("{ broken")
    assert not is_current(tmp_path)
