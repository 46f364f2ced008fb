"""Tasks: what a network predicts, with its losses and metrics."""

from multicnn.tasks.answers import Answer, Box, Segment
from multicnn.tasks.base import LossSettings, Task
from multicnn.tasks.classification import Classification
from multicnn.tasks.detection import Detection
from multicnn.tasks.extreme_multilabel import ExtremeMultilabel
from multicnn.tasks.multilabel import Multilabel
from multicnn.tasks.plain import PlainTargets
from multicnn.tasks.ragged import Ragged
from multicnn.tasks.registry import TASKS, choose_task, register, task_from_dict, task_to_dict
from multicnn.tasks.regression import Regression
from multicnn.tasks.segmentation import Segmentation
from multicnn.tasks.time_steps import TimeSteps

__all__ = [
    "TASKS",
    "Answer",
    "Box",
    "Classification",
    "Detection",
    "ExtremeMultilabel",
    "LossSettings",
    "Multilabel",
    "PlainTargets",
    "Ragged",
    "Regression",
    "Segment",
    "Segmentation",
    "Task",
    "TimeSteps",
    "choose_task",
    "register",
    "task_from_dict",
    "task_to_dict",
]
