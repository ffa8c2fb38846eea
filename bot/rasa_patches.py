"""Every change that this bot makes to Rasa, each with a name, a switch and a test that watches the pinned version.

Switch one off with TANDEM_BOT_PATCHES_OFF=name[,name]. `in_process_actions` is needed, the others only save time.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Protocol

from rasa.core.actions.action import RemoteAction
from rasa.core.channels.channel import OutputChannel
from rasa.engine.graph import GraphSchema
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.utils.common import all_subclasses

MADE_FOR = "3.6.21"

Action = Callable[[OutputChannel, DialogueStateTracker], Awaitable[list[Event]]]


class RemembersFailure(Protocol):
    """An output channel that is told when an action failed, because Rasa only logs it and goes on."""

    failure: BaseException | None


def in_process_actions(actions: Mapping[str, Action]) -> None:
    """Custom actions run in this process instead of an action server: 5 ms instead of 50 per turn, one part less."""

    async def run(
        self: RemoteAction, output_channel: Any, _nlg: Any, tracker: DialogueStateTracker, _domain: Domain
    ) -> list[Event]:
        try:
            return await actions[self.name()](output_channel, tracker)
        except Exception as error:
            output_channel.failure = error
            raise

    RemoteAction.run = run


def event_types_by_name() -> None:
    """Rasa walks all subclasses of Event for every stored event it reads: look the class up instead."""
    known: dict[str, type[Event]] = {}

    def resolve_by_type(type_name: str, default: Any = None) -> Any:
        if type_name not in known:
            known.update({cls.type_name: cls for cls in reversed(list(all_subclasses(Event)))})
        return known.get(type_name, default)

    Event.resolve_by_type = staticmethod(resolve_by_type)


def planned_graph() -> None:
    """Rasa formats its whole graph into a debug text and asks dask for an order on every call: plan once per target."""

    def plan(runner: DaskGraphRunner, targets: tuple[str, ...]) -> list[tuple[str, Any, tuple[str, ...]]]:
        schema: GraphSchema = runner._graph_schema.minimal_graph_schema(list(targets))
        steps: dict[str, tuple[str, Any, tuple[str, ...]]] = {}

        def visit(name: str) -> None:
            if name in steps or name not in schema.nodes:
                return
            needs = tuple(schema.nodes[name].needs.values())
            for need in needs:
                visit(need)
            steps[name] = (name, runner._instantiated_nodes[name], needs)

        for target in targets:
            visit(target)
        return list(steps.values())

    def run(self: DaskGraphRunner, inputs: Any = None, targets: Any = None) -> dict[str, Any]:
        wanted = tuple(targets or self._graph_schema.target_names)
        plans = self.__dict__.setdefault("_plans", {})
        if wanted not in plans:
            plans[wanted] = plan(self, wanted)
        results = {name: (name, value) for name, value in (inputs or {}).items()}
        for name, node, needs in plans[wanted]:
            results[name] = node(*[results.get(need, need) for need in needs])
        return {target: results[target][1] for target in wanted}

    DaskGraphRunner.run = run


def apply(actions: Mapping[str, Action], *, off: Collection[str] = ()) -> list[str]:
    """Apply the patches that are not switched off; their names. Raises KeyError for a name that does not exist."""
    patches: dict[str, Callable[[], None]] = {
        "in_process_actions": lambda: in_process_actions(actions),
        "event_types_by_name": event_types_by_name,
        "planned_graph": planned_graph,
    }
    for name in off:
        del patches[name]
    for patch in patches.values():
        patch()
    logging.getLogger("bot").info("patched Rasa %s: %s", MADE_FOR, ", ".join(patches))
    return list(patches)
