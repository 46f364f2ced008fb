"""Tasks: what a network predicts, with its losses and metrics."""

from multicnn.tasks.base import Answer, LossSettings, Task
from multicnn.tasks.classification import Classification
from multicnn.tasks.multilabel import Multilabel
from multicnn.tasks.registry import TASKS, choose_task, register, task_from_dict, task_to_dict

__all__ = [
    "TASKS",
    "Answer",
    "Classification",
    "LossSettings",
    "Multilabel",
    "Task",
    "choose_task",
    "register",
    "task_from_dict",
    "task_to_dict",
]
