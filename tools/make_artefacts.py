"""Make the small artefacts of a release that tests/test_laws.py keeps loading: `python tools/make_artefacts.py`.

For each modality: a predictor trained for one epoch, one or two examples, and its predictions for them. Run it once for
a release and commit tests/artefacts/<version>; the artefacts of earlier releases are never made again.
"""

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import multicnn
from multicnn.data.load import load_manifest
from multicnn.recipe import DataSource

RECIPES = {
    "digits": ["model.name=vgg_small", "model.arguments.width=4"],
    "spoken_digits": ["model.name=res8", "model.arguments.maps=4"],
    "docstrings": [
        "model.name=textcnn",
        "model.arguments.filters=4",
        "model.embedding.dims=4",
        "preprocess.max_vocabulary=300",
    ],
}


def main() -> None:
    """Write tests/artefacts/<version>/."""
    folder = Path(__file__).parents[1] / "tests" / "artefacts" / multicnn.__version__
    folder.mkdir(parents=True)
    for name, settings in RECIPES.items():
        with tempfile.TemporaryDirectory() as run:
            predictor = multicnn.train(name, Path(run) / "x", epochs=1, settings=settings)
        predictor.save(folder / f"{name}.keras")
        manifest = load_manifest(DataSource(path=name))
        predictions = []
        for row in manifest.rows("test")[:2]:
            source = manifest.raw_source(row)
            if manifest.modality == "image":
                Image.fromarray(np.squeeze(source)).save(folder / f"{name}_{row}.png")
                source = folder / f"{name}_{row}.png"
            elif manifest.modality == "audio":
                source = Path(shutil.copy(source, folder))
            (prediction,) = predictor.predict(source)
            example = source if manifest.modality == "text" else source.name
            predictions.append({"input": example, "label": prediction.label, "probabilities": prediction.probabilities})
        (folder / f"{name}.json").write_text(json.dumps(predictions, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
