"""Why a text classifier says what it says: the n-grams that its filters found, or what changes where a word is missing."""

from multicnn.explain.explainer import Explainer as Explainer
from multicnn.explain.explanation import Explanation as Explanation
from multicnn.explain.explanation import NGram as NGram
from multicnn.explain.over_texts import Findings as Findings
from multicnn.explain.over_texts import over_texts as over_texts
