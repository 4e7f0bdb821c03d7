"""A mistake on the command line is answered in three lines: what, which value, what to do; and nothing is written."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from resnetlab.cli import main

LONG = "x" * 5000
MISTAKES = {
    # an unknown name: the nearest that there is
    "frobnicate": "unknown command 'frobnicate'",
    "reprot": "did you mean report",
    "lab walk": "commands: lab list, lab run, lab compare, lab show",
    "lab run degredation": "did you mean degradation",
    "lab run nowhere/mine.py": "no claim file at nowhere/mine.py",
    "lab run occupied/notes.py": "defines no CLAIM",
    "lab run bottleneck_cost --data digit": "the quick tier runs on digits",
    "lab show pathlengths": "did you mean path_lengths",
    "models rsnet": "unknown model pattern 'rsnet'",
    "models show rsnet50": "did you mean resnet50",
    "report --outptu here": "--output",
    "lab run bottleneck_cost --engine slurm": "slurm",
    "lab list --tier huge": "huge",
    "audit rsnet50": "did you mean resnet50",
    "audit resnet50 --against rsnet18": "did you mean resnet18",
    "audit gone.py:make": "no Python file at gone.py",
    "audit occupied/notes.py:make": "unknown factory of occupied/notes.py 'make'",
    "audit resnet50 --againts resnet18": "--against",
    "predict rsnet18 occupied/notes.py": "did you mean resnet18",
    "predict resnet20": "no image is given",
    "predict resnet20 gone.jpg --untrained": "no file, folder or match for gone.jpg",
    "predict resnet20 '*.jpg' --untrained": "no file, folder or match for *.jpg",
    "predict resnet20 occupied --untrained": "the folder occupied holds no image",
    "predict resnet20 occupied/notes.py": "resnet20 is an untrained network",
    "predict resnet20 occupied/notes.py --untrained --classes gone.txt": "--classes gone.txt cannot be read",
    "predict resnet20 occupied/notes.py --untrained --classes occupied/notes.py": "1 class names are given, and",
    "predict resnet20 occupied/notes.py --untrained --interpolation cubic": "give one of bilinear, bicubic, nearest",
    "eval resnet20": "--data",
    "eval resnet20 --data digit --untrained": "did you mean digits",
    "eval resnet20 --data occupied --untrained": "a folder is write imagefolder:occupied",
    "eval resnet20 --data digits": "resnet20 is an untrained network",
    "eval resnet18 --data digits --untrained": "the network has 1000 outputs, and the data has 10 classes",
    "eval resnet20 --data imagefolder: --untrained": "says no place",
    "eval resnet20 --data imagefolder:gone --untrained": "there is no folder gone",
    "eval resnet20 --data imagefolder:occupied --untrained": "occupied holds no class folders",
    "eval resnet20 --data imagenet:occupied --untrained": "occupied holds no class folders",
    "eval resnet20 --data digits --split validation": "validation",
    "train": "--model and --data are missing",
    "train --data digits": "--model is missing",
    "train --model resnet20 --data digit": "did you mean digits",
    "train --model rsnet20 --data digits": "did you mean resnet20",
    "train --recipe he2051": "did you mean he2016 or he2015",
    "train --config gone.yaml": "--config gone.yaml cannot be read",
    "train --config occupied/notes.py": "--config occupied/notes.py",
    "train --resume occupied": "--resume occupied is no folder of a run",
    "train --resume": "there is no run under runs/train",
    "train --model resnet20 --data digits --optim.rl 3": "--optim.lr",
    "train --model resnet20 --data digits --batch-size 0": "batch_size=0 is impossible",
    "train --model resnet20 --data digits --batch-size 2000": "digits has 1259 images to train on",
    "train --model resnet20 --data digits --optim.lr -1": "lr=-1.0 is impossible",
    "train --model resnet20 --data digits --max-time soon": "--max-time soon is impossible",
    "train --model resnet20 --data digits --schedule.name steps": "drops=() is impossible",
    "train --model densenet121 --data digits": "smallest legal size",
    "train --model 'resnet20[num_classes=5]' --data digits": "another num_classes than the data has: 10",
    "train --model resnet20 --data imagefolder:gone": "there is no folder gone",
    "train --model resnet20 --data digits --output occupied": "occupied holds files already",
    "train --model resnet20 --data digits --output /dev/null/here": "cannot be written",
    "train --model resnet20 --data digits --epochs 0": "epochs=0 is impossible",
    "train --model resnet20 --data digits --workers -1": "--workers -1 is impossible",
    "train --model resnet20 --data digits --accumulate 200": "accumulate=200 is impossible",
    "train --model resnet20 --data digits --validation 1": "validation=1.0 is impossible",
    "train --model resnet20 --data digits --keep best --validation 0": "--keep best needs images to choose by",
    "train --model resnet20 --data digits --save-every 0": "--save-every 0 is impossible",
    "train --model resnet20 --data digits --optim.nesterov --optim.momentum 0": "nesterov=True is impossible",
    "finetune --model resnet20 --data digits": "--model resnet20 names no weights",
    "finetune --model resnet20@gone.pth --data digits": "gone.pth",
    "finetune": "no folder of images was given",
    "finetune --resume occupied": "--resume occupied is no folder of a run",
    "exercises": "resnetlab exercises check",
    "exercises strat here": "commands: exercises start",
    "exercises start occupied": "occupied holds other files already",
    "exercises start occupied/notes.py": "occupied/notes.py",
    "exercises start /dev/null/here": "/dev/null/here cannot be made",
    "exercises check": "DIR",
    "exercises check occupied": "occupied holds no course",
    "exercises check gone": "gone is no folder",
    "exercises list gone": "resnetlab exercises start gone",
    "exercises watch gone 1": "gone is no folder",
    "exercises hint gone 1": "gone is no folder",
    "exercises solution gone 1": "gone is no folder",
    "exercises reset gone 1": "gone is no folder",
    "exercises grade": "no folder is given",
    "exercises grade gone": "gone is no folder",
    "exercises grade occupied": "occupied holds no exercise",
    "exercises grade occupied --jobs 0": "--jobs 0 is impossible",
    "diagnose": "MODEL",
    "diagnose resnet20": "--data",
    "diagnose rsnet20 --data digits": "did you mean resnet20",
    "diagnose resnet20 --data digit": "did you mean digits",
    "diagnose resnet20 --data imagefolder:gone": "there is no folder gone",
    "diagnose resnet20 --data digits --parts helth": "unknown part 'helth'; did you mean health",
    "diagnose resnet20 --data digits --images 1": "--images 1 is impossible",
    "diagnose resnet20 --data digits --batch-size 0": "--batch-size 0 is impossible",
    "diagnose resnet20 --data digits --seed -1": "--seed -1 is impossible",
    "diagnose resnet20 --data digits --earlier gone.pth": "gone.pth cannot be read",
    "diagnose resnet20 --data digits --earlier resnet32": "--earlier resnet32 is another network",
    "diagnose resnet20 --data digits --output occupied": "--output occupied holds files already",
    "diagnose resnet20 --data digits --output /dev/null/here": "cannot be written",
    "diagnose resnet20 --data digits --fail-on eror": "--fail-on",
    "lab compare degredation": "did you mean degradation",
    "lab compare --tier quick": "a tier is not compared with itself",
    "lab compare thousand_layers": "thousand_layers is in neither the quick nor the standard tier",
    "lab compare --tier full": "start it with --yes",
    "lab compare --data imagefolder:gone": "there is no folder gone",
    "lab compare --tier full --yes --data imagefolder:gone": "there is no folder gone",
    "lab compare bottleneck_cost --data digits --output occupied": "--output occupied holds files already",
    "lab run degradation --tier full": "start it with --yes",
    "lab run --tier standard --data imagefolder:gone": "there is no folder gone",
    "data": "resnetlab data inspect",
    "data inspcet digits": "commands: data inspect",
    "data inspect": "DATA",
    "data inspect digit": "did you mean digits",
    "data inspect imagefolder:gone": "there is no folder gone",
    "data inspect imagefolder:occupied": "occupied holds no class folders",
    "data inspect digits --seed -1": "--seed -1 is impossible",
    "data inspect digits --output occupied": "--output occupied holds files already",
    "data inspect digits --output /dev/null/here": "cannot be written",
    f"predict {LONG} occupied/notes.py --untrained": "unknown model",
    f"predict resnet20 {LONG} --untrained": "no file, folder or match",
    f"predict resnet20 occupied/notes.py --untrained --classes {LONG}": "File name too long",
    f"eval resnet20 --data imagefolder:{LONG} --untrained": "there is no folder",
    "predict occupied/leaves.py:net occupied/notes.py --untrained": "SystemExit: 7",
    # an impossible value
    "predict resnet20 occupied/notes.py --untrained --size 1000000": "--size 1000000 is impossible",
    "predict resnet20 occupied/notes.py --untrained --resize 9000": "--resize 9000 is impossible",
    "audit resnet50 --input-size 3 0 0": "--input-size 3 0 0 is impossible",
    "audit resnet50 --input-size 3 32": "--input-size",
    "audit resnet50 --input-size 1 32 32": "try another input size",
    "predict resnet20 occupied/notes.py --top 0": "--top 0 is impossible",
    "predict resnet20 occupied/notes.py --batch-size -1": "--batch-size -1 is impossible",
    "predict resnet20 occupied/notes.py --seed -1": "--seed -1 is impossible",
    "predict resnet20 occupied/notes.py --untrained --size 0": "--size 0 is impossible",
    "predict resnet20 occupied/notes.py --untrained --size 64 --resize 32": "resize=32 is impossible",
    "predict resnet20 occupied/notes.py --untrained --mean 0.5": "give --std with 1 numbers too",
    "predict resnet20 occupied/notes.py --untrained --mean 0.5 --std 0.5": "give --mean and --std with 3 numbers",
    "predict resnet20 occupied/notes.py --untrained --std 0 1 1": "std=(0.0, 1.0, 1.0) is impossible",
    "predict resnet20 occupied/notes.py --untrained --device mps": "--device mps",
    "eval resnet20 --data digits --untrained --batch-size 0": "--batch-size 0 is impossible",
    "models show 'resnet20[depths=-1/3/3]'": "depths=(-1, 3, 3)",
    "models show 'regnet_x_400mf[group_width=7]'": "group_width=7",
    "models show 'resnet20[input_size=0]'": "input_size=0",
    "models show 'resnet20[shortcut=Z]'": "allowed: none, A, B, C, D",
    "models show 'resnet20[width=wide]'": "width='wide'",
    "models show 'resnet20[shortcut'": "NAME[field=value",
    "report --jobs -1": "--jobs -1 is negative",
    "report --seed -1": "--seed -1 is impossible",
    "report --seed 99999999999999999999": "is impossible",
    "report --seed first": "--seed",
    "report --device cuda": "--device cuda",
    "report --cache kept --no-cache": "exclude each other",
    # a place that cannot be written, or that holds something
    "lab run bottleneck_cost --output occupied": "--output occupied holds files already",
    "lab run bottleneck_cost --output occupied/notes.py": "is a file",
    "lab run bottleneck_cost --output /dev/null/here": "cannot be written",
    "lab run bottleneck_cost --cache /dev/null/here": "--cache /dev/null/here",
    "eval 'resnet20[in_channels=1]' --data digits --untrained --output occupied": "occupied holds files already",
    "eval 'resnet20[in_channels=1]' --data digits --untrained --output /dev/null/here": "cannot be written",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "occupied").mkdir()
    (tmp_path / "occupied" / "notes.py").write_text("what = 1\n")
    (tmp_path / "occupied" / "leaves.py").write_text("def net():\n    raise SystemExit(7)\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes | None]:
    found = (path for path in folder.rglob("*") if "__pycache__" not in path.parts)
    return {str(path): path.read_bytes() if path.is_file() else None for path in found}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_answered_and_nothing_is_written(
    line: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(folder)
    try:
        code = main(shlex.split(line))
        box = False
    except SystemExit as stopped:  # the parser's own box
        code, box = stopped.code, True
    told = capsys.readouterr()
    assert code == 2
    assert MISTAKES[line] in " ".join(told.err.split())
    assert box or len(told.err.strip().splitlines()) <= 3
    assert "Traceback" not in told.err
    assert told.out == ""
    assert contents(folder) == before


def test_a_group_alone_lists_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["lab"])
    assert stopped.value.code == 2
    assert "resnetlab lab run" in capsys.readouterr().err
