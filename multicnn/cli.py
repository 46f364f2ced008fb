"""The command line. Nothing heavy is imported before a verb runs, so that `multicnn --help` is instant."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from multicnn import explain_verb, word_verbs
from multicnn.interrupts import terminate_like_ctrl_c

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Train, measure and use convolutional networks for pictures, recordings and texts.",
)

app.add_typer(word_verbs.app, name="words")
app.command()(explain_verb.explain)

Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="FIELD=VALUE", help="Change a field of the recipe, such as optimizer.learning_rate=0.01."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def main() -> None:
    """Runs the command line; a user's mistake prints one line and exits 2, Ctrl-C exits 130 (Typer sees to it), SIGTERM 143."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's start-up chatter is not for users
    terminate_like_ctrl_c()
    try:
        app()
    except BrokenPipeError:  # the reader of our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (ValueError, TypeError, OSError) as error:
        if os.environ.get("MULTICNN_TRACEBACK"):
            raise
        _complain(str(error))
        sys.exit(2)


@app.command()
def demo(
    epochs: Annotated[int | None, typer.Option(help="Epochs for each network, instead of the demo's own.")] = None,
) -> None:
    """Train a small network on each of the three embedded data sets, and show what it learned."""
    from multicnn import demo as demonstration

    demonstration.run(epochs)


@app.command()
def train(
    data: Annotated[
        str | None,
        typer.Argument(help="A folder, table, .npz file, tfds:name, embedded set, or a recipe (.py, .json)."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder; by default a new one in runs/.")] = None,
    resume: Annotated[
        Path | None, typer.Option(help="The folder of a run that was stopped, which goes on; DATA may be left out.")
    ] = None,
    settings: Settings = None,
    model: Annotated[str | None, typer.Option(help="A name from `multicnn models`.")] = None,
    source: Annotated[
        str | None, typer.Option("--data", help="For a recipe: use this data instead of its own.")
    ] = None,
    pattern: Annotated[
        str | None, typer.Option(help="Regular expression with groups label, group, split, for file names.")
    ] = None,
    text_column: Annotated[str | None, typer.Option(help="Column of the texts in a table.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of the labels in a table.")] = None,
    group_column: Annotated[str | None, typer.Option(help="Column of the group, never split between sets.")] = None,
    test: Annotated[str | None, typer.Option(help="A separate folder or table of test examples.")] = None,
    leave_out: Annotated[str | None, typer.Option(help="The group that is the test set.")] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Begin with the weights of a .keras, .npz or .safetensors file, or keras.applications.",
        ),
    ] = None,
    freeze_until: Annotated[
        str | None, typer.Option(metavar="STAGE", help="The stage up to which, itself included, nothing learns.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs.")] = None,
    class_weights: Annotated[bool, typer.Option("--class-weights", help="Let each class count the same.")] = False,
    seed: Annotated[int | None, typer.Option(help="Of everything random.")] = None,
    precision: Annotated[
        str | None, typer.Option(help="auto, float32, mixed_bfloat16 or mixed_float16.", show_default="auto")
    ] = None,
    xla: Annotated[
        bool | None, typer.Option("--xla/--no-xla", help="Compile with XLA; by default on a GPU only.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Take two steps and leave nothing: shapes, memory, expected time.")
    ] = False,
) -> None:
    """Train a classifier on a folder of pictures or recordings, or a table of texts."""
    given = {
        "data.path": source, "data.pattern": pattern, "data.text_column": text_column, "data.label_column": label_column,
        "data.group_column": group_column, "data.test": test, "data.leave_out": leave_out, "model": model, "epochs": epochs,
        "class_weights": class_weights or None, "seed": seed,
        "start.path": start, "start.freeze_until": freeze_until, "precision": precision, "jit_compile": xla,
    }  # fmt: skip
    assignments = [f"{name}={json.dumps(value)}" for name, value in given.items() if value is not None] + (
        settings or []
    )
    what = data and _recipe_or_path(data)

    from multicnn import workflow
    from multicnn.progress import RichReporter, show_dry_run

    if dry_run:
        if what is None or resume is not None:
            raise ValueError(f"--dry-run needs data, and a run that begins. Received: resume={str(resume)!r}")
        with RichReporter() as reporter:
            tried = workflow.dry_run(what, reporter=reporter, settings=assignments)
        show_dry_run(tried)
        return
    with RichReporter() as reporter:
        classifier = workflow.train(what, out, resume=resume, reporter=reporter, settings=assignments)
        reporter.finished(classifier)


@app.command()
def crossval(
    data: Annotated[
        str, typer.Argument(help="A folder, table, .npz file, tfds:name, embedded set, or a recipe (.py, .json).")
    ],
    folds: Annotated[int, typer.Option(help="How many folds.")] = 10,
    groups: Annotated[bool, typer.Option("--groups", help="Leave each group out in turn instead.")] = False,
    out: Annotated[Path | None, typer.Option(help="The folder of the runs; by default a new one in runs/.")] = None,
    settings: Settings = None,
    source: Annotated[
        str | None, typer.Option("--data", help="For a recipe: use this data instead of its own.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Train once for each fold or group left out: mean and spread of what the test sets say."""
    from multicnn import workflow
    from multicnn.progress import RichReporter, show_crossval

    assignments = ([] if source is None else [f"data.path={json.dumps(source)}"]) + (settings or [])
    with RichReporter() as reporter:
        validation = workflow.crossval(
            _recipe_or_path(data), out, folds=None if groups else folds, reporter=reporter, settings=assignments
        )
    if as_json:
        print(json.dumps({"folds": validation.metrics, "summary": validation.summary()}, ensure_ascii=False))
    else:
        show_crossval(validation)


@app.command()
def features(
    model: Annotated[str, typer.Argument(help="A model.keras file; or with --from a name from `multicnn models`.")],
    data: Annotated[str, typer.Argument(help="Labelled examples, as for train.")],
    out: Annotated[Path, typer.Option(help="The .npz file to write.")] = Path("features.npz"),
    stage: Annotated[
        str | None, typer.Option(help="A stage from `multicnn inspect`; by default all but the last layer.")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="FILE", help="Weights for the named model.")] = None,
    head: Annotated[
        str | None, typer.Option(help="linear: also train a logistic regression on them, saved beside as .keras.")
    ] = None,
    settings: Settings = None,
) -> None:
    """Write what a stage of a trained network puts out for each example; a classifier on top of it takes seconds."""
    from multicnn import workflow
    from multicnn.progress import RichReporter

    with RichReporter() as reporter:
        found, classifier = workflow.features(
            model, data, out, stage=stage, start=start, head=head, reporter=reporter, settings=settings or []
        )
        n, dims = found.values.shape
        print(f"{n:,} examples, {dims:,} features of {found.stage}: {out}")
        if classifier is not None:
            reporter.finished(classifier)
            print(f"a classifier on them: {out.with_suffix('.keras')}")


@app.command("transfer-curves")
def transfer_curves(
    data: Annotated[str, typer.Argument(help="As for train: data, or a recipe (.py, .json).")],
    start: Annotated[str, typer.Option("--from", metavar="FILE", help="The weights to begin with, as for train.")],
    sizes: Annotated[str, typer.Option(help="Numbers of training examples, such as 10,30,100,300.")],
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each kind and size.")] = 3,
    out: Annotated[Path | None, typer.Option(help="The folder of the runs; by default a new one in runs/.")] = None,
    settings: Settings = None,
    source: Annotated[
        str | None, typer.Option("--data", help="For a recipe: use this data instead of its own.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what trained weights bring: learning curves with them and from scratch, as a table and a picture."""
    from multicnn import workflow
    from multicnn.progress import RichReporter, show_transfer

    assignments = ([] if source is None else [f"data.path={json.dumps(source)}"]) + (settings or [])
    try:
        numbers = [int(size) for size in sizes.split(",")]
    except ValueError:
        raise ValueError(f"--sizes must be whole numbers with commas between. Received: sizes={sizes!r}") from None
    with RichReporter(quiet=as_json) as reporter:
        curves = workflow.transfer_curves(
            _recipe_or_path(data), start, out, sizes=numbers, seeds=seeds, reporter=reporter, settings=assignments
        )
    if as_json:
        print(json.dumps({"runs": curves.runs.to_dict("records"), "claims": curves.claims()}))
    else:
        show_transfer(curves)


@app.command("find-rate")
def find_rate(
    data: Annotated[str, typer.Argument(help="As for train: data, or a recipe (.py, .json).")],
    out: Annotated[Path, typer.Option(help="The picture to write.")] = Path("rates.png"),
    settings: Settings = None,
    source: Annotated[
        str | None, typer.Option("--data", help="For a recipe: use this data instead of its own.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find a learning rate: a few steps at rising rates, and a picture of the loss."""
    from multicnn import workflow
    from multicnn.progress import RichReporter

    assignments = ([] if source is None else [f"data.path={json.dumps(source)}"]) + (settings or [])
    with RichReporter() as reporter:
        curve = workflow.find_rate(_recipe_or_path(data), out, reporter=reporter, settings=assignments)
    if as_json:
        lists = {"rates": curve.rates.tolist(), "losses": curve.losses.tolist()}
        print(json.dumps({"suggestion": curve.suggestion, "limit": curve.limit, "picture": str(out), **lists}))
    else:
        print(
            f"the loss falls fastest at a learning rate of {curve.suggestion:.1e} and no more beyond {curve.limit:.1e}: {out}"
        )
        print(f"use it with --set optimizer.learning_rate={curve.suggestion:.1e}")


@app.command()
def doctor(
    data: Annotated[str, typer.Argument(help="As for train: data, or a recipe (.py, .json).")],
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("doctor.html"),
    settings: Settings = None,
    source: Annotated[
        str | None, typer.Option("--data", help="For a recipe: use this data instead of its own.")
    ] = None,
    pattern: Annotated[
        str | None, typer.Option(help="Regular expression with groups label, group, split, for file names.")
    ] = None,
    groups: Annotated[
        bool,
        typer.Option(
            "--groups", help="Score the linear model with whole groups left out, and at random, side by side."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Examine data before training: bad, odd, doubled, leaking and contradicting examples; exit code 1 if there are any."""
    from multicnn import workflow
    from multicnn.progress import RichReporter, show_diagnosis

    given = {"data.path": source, "data.pattern": pattern}
    assignments = [f"{name}={json.dumps(value)}" for name, value in given.items() if value is not None]
    with RichReporter(quiet=as_json) as reporter:
        diagnosis = workflow.doctor(
            _recipe_or_path(data),
            out,
            compare_splits=groups,
            reporter=reporter,
            settings=assignments + (settings or []),
        )
    if as_json:
        print(json.dumps(diagnosis.to_dict(), ensure_ascii=False))
    else:
        show_diagnosis(diagnosis)
    if not diagnosis.clean:
        raise typer.Exit(1)


@app.command()
def preview(
    data: Annotated[str, typer.Argument(help="As for train: data, or a recipe (.py, .json).")],
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("preview.html"),
    settings: Settings = None,
    source: Annotated[
        str | None, typer.Option("--data", help="For a recipe: use this data instead of its own.")
    ] = None,
    examples: Annotated[int, typer.Option(min=1, help="Examples, spread over the classes.")] = 12,
    draws: Annotated[int, typer.Option(min=0, help="Epochs whose augmentation is shown.")] = 4,
) -> None:
    """Write a page of training examples as the network will see them, before and after augmentation."""
    from multicnn import workflow

    assignments = ([] if source is None else [f"data.path={json.dumps(source)}"]) + (settings or [])
    print(workflow.preview(_recipe_or_path(data), out, settings=assignments, examples=examples, draws=draws))


@app.command()
def evaluate(
    model: Annotated[Path, typer.Argument(help="A model.keras file.")],
    data: Annotated[str, typer.Argument(help="Labelled examples: a folder, table, .npz file or embedded set.")],
    split: Annotated[str | None, typer.Option(help="train, val or test, of data that has them.")] = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Measure a classifier: metrics, a table per class, the confusion matrix."""
    from multicnn import workflow
    from multicnn.classifier import load
    from multicnn.progress import RichReporter, show_evaluation

    with RichReporter(quiet=as_json) as reporter:
        classifier = load(model)
        source = _source(classifier, data, settings or [])
        evaluation = workflow.evaluate(classifier, source, split=split, reporter=reporter)
    if as_json:
        print(json.dumps(evaluation.metrics))
    else:
        show_evaluation(evaluation)


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="A model.keras file.")],
    inputs: Annotated[
        list[str], typer.Argument(help="Files, or texts for a text classifier; - reads them from standard input.")
    ],
    as_json: Json = False,
    per_window: Annotated[
        bool, typer.Option("--per-window", help="For long sounds and texts: each window, where it begins.")
    ] = False,
) -> None:
    """Predict the class of pictures, recordings or texts; exit code 1 if one of them is bad."""
    from multicnn.classifier import load

    classifier = load(model)
    place = "{:.2f} s" if classifier.preprocess.sense == "audio" else "token {:.0f}"
    bad = False
    for prediction in classifier.stream(_expanded(inputs)):
        bad |= prediction.error is not None
        if as_json:
            print(json.dumps(_row(prediction, per_window), ensure_ascii=False))
        else:
            print(_line(prediction, place if per_window else None))
    if bad:
        raise typer.Exit(1)


@app.command("models")
def list_models(as_json: Json = False) -> None:
    """List the networks by name: the senses they suit and their parameters, counted without building them."""
    from multicnn.arithmetic import measure
    from multicnn.models import ANY, MODELS, create

    rows = [
        {
            "name": name,
            "senses": list(known.senses),
            "input": list(known.input_shape),
            "classes": known.classes,
            "parameters": measure(create(name, known.classes), known.input_shape).parameters,
            "logits_per": known.logits_per,
        }
        for name, known in MODELS.items()
    ]
    if as_json:
        print(json.dumps(rows))
        return
    from multicnn.progress import show_table

    shown = [
        [
            row["name"],
            "any" if row["senses"] == list(ANY) else ", ".join(row["senses"]),
            "x".join(map(str, row["input"])),
            f"{row['classes']}" + ("" if row["logits_per"] == "example" else f" a {row['logits_per']}"),
            f"{row['parameters']:,}",
        ]
        for row in rows
    ]
    show_table("networks", ["name", "senses", "counted on input", "classes", "parameters"], shown)


@app.command("inspect")
def inspect_model(
    model: Annotated[
        str, typer.Argument(help="A name from `multicnn models`, module:function, or a model.keras file.")
    ],
    input_shape: Annotated[
        str | None, typer.Option("--input", metavar="H,W,C", help="One example's shape: 224,224,3, or time,channels.")
    ] = None,
    classes: Annotated[int | None, typer.Option(help="Classes of the output.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A hyperparameter, such as width=32.")
    ] = None,
    sense: Annotated[
        str | None, typer.Option(help="image, log-mel, waveform or text: the unit of the receptive fields.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show a network stage by stage: shapes, receptive field, parameters, multiply-adds; nothing is built."""
    from multicnn.inspection import inspect
    from multicnn.recipe import assigned

    shape = None if input_shape is None else _shape(input_shape)
    table = inspect(model, shape, classes=classes, arguments=assigned({}, settings or []), sense=sense)
    if as_json:
        print(json.dumps(table.to_dict()))
        return
    from multicnn.progress import show_inspection

    show_inspection(model, table)


def _shape(text: str) -> tuple[int, ...]:
    """The sizes in "224,224,3"."""
    try:
        sizes = tuple(int(size) for size in text.replace("x", ",").split(","))
    except ValueError:
        sizes = ()
    if not 1 <= len(sizes) <= 3 or min(sizes) < 1:
        raise ValueError(f"`input` must be one to three sizes, such as 224,224,3. Received: input={text!r}")
    return sizes


def _recipe_or_path(path: str) -> Any:
    """The recipe that a .py file binds to `recipe`, or that a .json file is; anything else is the path of data."""
    if not path.endswith((".py", ".json")) or not Path(path).is_file():
        return path
    from multicnn.recipe import Recipe

    if path.endswith(".json"):
        return Recipe.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))
    import runpy

    recipe = runpy.run_path(path).get("recipe")
    if not isinstance(recipe, Recipe):
        raise ValueError(f"a recipe file must bind `recipe = Recipe(...)`. Received: data={path!r}")
    return recipe


def _source(classifier: Any, path: str, settings: list[str]) -> Any:
    """The data source to evaluate on: read as in training, unless told otherwise."""
    from multicnn.recipe import DataSource, Recipe

    trained_on = classifier.recipe.get("data", {})
    kept = {name: trained_on[name] for name in ("pattern", "text_column", "label_column") if name in trained_on}
    return Recipe(data=DataSource(**kept | {"path": path})).replaced(settings).data


def _expanded(inputs: Iterable[str]) -> Iterator[str]:
    """The inputs, with the lines of standard input in the place of '-'."""
    for item in inputs:
        if item == "-":
            yield from (line.rstrip("\n") for line in sys.stdin if line.strip())
        else:
            yield item


def _row(prediction: Any, per_window: bool) -> dict[str, Any]:
    if prediction.error is not None:
        return {"input": prediction.input, "error": prediction.error}
    row = {"input": prediction.input, "label": prediction.label, "probabilities": prediction.probabilities}
    if per_window:
        row["windows"] = [{"start": start, "probabilities": named} for start, named in prediction.windows]
    return row


def _line(prediction: Any, place: str | None) -> str:
    if prediction.error is not None:
        return f"{prediction.input}\terror: {prediction.error}"
    lines = [f"{prediction.input}\t{prediction.label}\t{prediction.probability:.3f}"]
    if place:
        for start, named in prediction.windows:
            label = max(named, key=named.get)
            lines.append(f"  {place.format(start)}\t{label}\t{named[label]:.3f}")
    return "\n".join(lines)


def _complain(message: str) -> None:
    print(f"multicnn: {' '.join(message.split())}", file=sys.stderr)


if __name__ == "__main__":
    main()
