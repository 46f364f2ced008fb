"""Wrong calls of every command: one line, exit code 2, nothing left behind."""

import shlex

import pytest
from support.command_line import call

CALLS = """
train
train ''
train nothing
train empty
train one.csv
train other.csv
train digits --out two.csv
train digits --out two.csv/x
train digits --workers 0
train digits --dry-run --resume x
train digits --budget soon
train digits --budget 5min --epochs 3
train digits --budget 5min --set epochs=3
train digits --plain --set baseline=blend
train digits --budget 5min --dry-run
train --resume nothing --budget 5min
train --resume nothing
train two.csv --resume nothing
train two.csv --resume empty
train digits --set preprocess.size=0
train --resume empty
train two.csv --resume x --out y
train digits --model nothing
train digits --model nothing:f
train digits --model raises.py:f
train digits --model exits.py:f
train digits --epochs 0
train digits --seed -1
train digits --precision float8
train digits --leave-out x
train digits --freeze-until x
train digits --from nothing.keras
train digits --from junk.keras
train digits --from junk.npz
train digits --from two.csv
train digits --set x
train digits --set =3
train digits --set data=3
train digits --set data.modality=smell
train digits --set task=[]
train digits --set members=3
train digits --set 'members=[{}, []]'
train digits --set 'members=[{}, {"preprocess.size": [3, 3]}]'
train two.csv --set model.embedding.kind=static
train two.csv --set 'model.embedding={"kind": "static", "vectors": "nothing.txt"}'
crossval
crossval two.csv --folds 0
crossval two.csv --plain --set baseline=blend
crossval two.csv --folds 1000
crossval two.csv --groups
crossval --resume empty
crossval two.csv --out two.csv
find-rate two.csv --out empty
find-rate nothing
find-rate two.csv --set batch_size=0
doctor nothing
doctor empty
doctor junk.csv
doctor head.csv
doctor junk.npz
doctor two.csv --out empty
doctor two.csv --out two.csv/x.html
doctor two.csv --out ''
doctor two.csv --text-column x
doctor two.csv --group-column x
doctor junk.json
doctor list.json
doctor wrong.json
doctor deep.json
doctor wrong.py
doctor raises.py
doctor exits.py
doctor syntax.py
doctor none.py
preview nothing
preview two.csv --out empty
preview two.csv --label-separator ''
preview two.csv --set augment.x=3
preview two.csv --set learning_rate=3
predict nothing.keras x
predict junk.keras x
predict empty x
predict '' x
predict junk.keras x --csv out.xlsx
predict junk.keras x --csv empty
predict junk.keras x --csv two.csv/x.csv
predict junk.keras x --blocks nothing
predict junk.keras x --blocks syntax.py
evaluate nothing.keras digits
evaluate junk.keras digits
robustness nothing.keras digits
robustness junk.keras digits --out empty
robustness junk.keras digits --examples 0
features junk.keras digits
features junk.keras digits --out x.txt
features junk.keras digits --out empty
features junk.keras digits --head x
features linear digits --from nothing.keras
transfer-curves two.csv
transfer-curves two.csv --sizes x
transfer-curves --resume empty
explain junk.keras x
explain junk.keras x --out empty
inspect nothing
inspect junk.keras
inspect resnet20 --input x
inspect resnet20 --input 0,0
inspect resnet20 --classes 0
inspect resnet20 --modality x
inspect resnet20 --set width=x
inspect resnet20 --set width=0
inspect resnet20 --set x=3
inspect textcnn --set dropout=5
inspect textcnn --set widths=[]
fields x
words train nothing x.vec
words train two.csv empty
words train two.csv x.doc
words train two.csv x.vec --kind x
words train two.csv x.vec --text-column x
words nearest nothing a
words nearest junk.keras a
words nearest v.txt x
words nearest v.txt a --format x
words coverage v.txt nothing
words plot v.txt empty
words plot v.txt x.png
""".strip().splitlines()
EACH = 10  # so many of them are called by default


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for name, text in {
        "junk.keras": "no archive",
        "junk.csv": "\0\1\2",
        "junk.npz": "no archive",
        "junk.json": "{no JSON",
        "list.json": "[1]",
        "wrong.json": '{"learning_rate": 3}',
        "deep.json": "[" * 100_000,
        "wrong.py": "from multicnn import Recipe\nrecipe = Recipe(learning_rate=3)",
        "raises.py": "1 / 0",
        "exits.py": "raise SystemExit(0)",
        "syntax.py": "recipe = (",
        "none.py": "x = 1",
        "head.csv": "text,label\n",
        "one.csv": "text,label\nhello,a\n",
        "other.csv": "text,name\nhello,a\nworld,b\n",
        "two.csv": "text,label\n" + "".join(f"word {i},{'ab'[i % 2]}\n" for i in range(40)),
        "v.txt": "a 1 2\nb 3 4\n",
    }.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def _check(line, folder, monkeypatch, capsys):
    before = sorted(folder.rglob("*"))
    code, out, err = call(monkeypatch, capsys, *shlex.split(line))
    assert code == 2, (line, out, err)
    assert out == "" and len(err.splitlines()) == 1 and err.startswith("multicnn: "), (line, out, err)
    left = [path for path in sorted(folder.rglob("*")) if path not in before and "__pycache__" not in str(path)]
    assert not left, line


def test_some_wrong_calls(folder, monkeypatch, capsys):
    for line in CALLS[::EACH]:
        _check(line, folder, monkeypatch, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("line", CALLS)
def test_each_wrong_call(line, folder, monkeypatch, capsys):
    _check(line, folder, monkeypatch, capsys)
