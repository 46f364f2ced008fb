"""Explanations of a text predictor: the n-grams that its filters fire at, or occlusion of single words."""

from multicnn.explanations.dataset import Findings as Findings
from multicnn.explanations.dataset import over_texts as over_texts
from multicnn.explanations.explainer import Explainer as Explainer
from multicnn.explanations.explanation import Explanation as Explanation
from multicnn.explanations.explanation import NGram as NGram
