"""What loading a network costs beside the safetensors library's own two lines, in the same run.

ResNet-50 from `model.safetensors`: `resnetlab.weights.load_weights` into a network that is there, against
`load_state_dict(load_file(path))` into the same, which looks at no checksum; and `load_checkpoint`, which builds the
network too, against torchvision's constructor with the same two lines. They take turns; the figure is the median of
their ratios, and 1.2 is the most that is allowed for either.

    python benchmarks/loading.py --rounds 40
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import torchvision
from pairs import compare, machine
from safetensors.torch import load_file

from resnetlab import create_model
from resnetlab.weights import load_checkpoint, load_weights, save

ALLOWED = 1.2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="resnet50", help="a network that torchvision has too")
    parser.add_argument("--rounds", type=int, default=40)
    asked = parser.parse_args()

    model = create_model(asked.model)
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        file = save(model, Path(folder))

        def built_and_filled() -> None:
            torchvision.models.get_model(asked.model).load_state_dict(load_file(file))

        ratios = []
        for what, ours, theirs in (
            (
                "into a network that is there",
                lambda: load_weights(model, file),
                lambda: model.load_state_dict(load_file(file)),
            ),
            ("building the network too", lambda: load_checkpoint(file), built_and_filled),
        ):
            found = compare(ours, theirs, asked.rounds)
            ratios.append(found.ratio)
            print(f"{asked.model}, {what}: {found.ours:.0f} ms, without resnetlab {found.theirs:.0f} ms, ", end="")
            print(f"ratio {found.ratio:.2f}")
    print(f"allowed {ALLOWED}")
    return 0 if max(ratios) <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
