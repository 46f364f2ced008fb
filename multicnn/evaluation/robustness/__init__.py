"""How well a predictor does where its inputs are not as they should be: attacked, noisy, turned, misspelt."""

from multicnn.evaluation.robustness.card import Card as Card
from multicnn.evaluation.robustness.card import Check as Check
from multicnn.evaluation.robustness.card import Row as Row
from multicnn.evaluation.robustness.measure import RobustnessSettings as RobustnessSettings
from multicnn.evaluation.robustness.measure import Subject as Subject
from multicnn.evaluation.robustness.measure import check as check
from multicnn.evaluation.robustness.measure import measure as measure
