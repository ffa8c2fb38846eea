"""Takes back what was done last, for as long as the shop allows."""

from collections.abc import Mapping

from bot.shop import Refused
from bot.tasks.deeds import refused
from bot.tasks.task import Case, Task, Told

NAME = "undo"


def summary(case: Case) -> Mapping[str, str]:
    """What is taken back."""
    return {"what": what(case)}


def what(case: Case) -> str:
    """The name of the Task whose deed is taken back, in the customer's language, and the order that it was for."""
    title, number = case.title(case.known["undoes"]["task"]), case.known.get("order_number")
    if number is None:
        return title
    return f"{title}（{number}）" if case.language == "zh" else f"{title} ({number})"


async def do(case: Case) -> Told:
    """Ask the shop to take it back, with the proof that it was done with."""
    undoes = case.known["undoes"]
    answer = await case.shop.do(f"/actions/{undoes['action']}/undo", proof=case.proof, key=case.key, needs=("undone",))
    if isinstance(answer, Refused):
        return refused(NAME, answer)
    return Told(say=f"{NAME}.done", values={"what": what(case)})


TASK = Task(name=NAME, steps=(), summary=summary, do=do, words="撤销|undo")
