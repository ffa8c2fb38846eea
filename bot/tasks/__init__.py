"""What the bot can do for a customer: each Task asks for what it needs, then acts (docs/bot.md, "Tasks")."""

from bot.tasks.registry import TASKS
from bot.tasks.steering import asks_which_task, chose_task, in_task, own_words, wants_task

__all__ = ["TASKS", "asks_which_task", "chose_task", "in_task", "own_words", "wants_task"]
