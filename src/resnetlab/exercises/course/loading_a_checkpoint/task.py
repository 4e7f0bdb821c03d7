"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise, Mistake

READ = "held = torch.load(file, weights_only=True)"
PREFIX = '        name = name.removeprefix("module.")\n'
REFUSE = '        raise ValueError(f"missing, not expected, or of another shape: {sorted(wrong)}")\n'
LOAD = "    network.load_state_dict(tensors)\n"
CHECKED = "    if wrong:\n"

EXERCISE = Exercise(
    name="loading_a_checkpoint",
    title="Loading a checkpoint in a published layout",
    asks=("load",),
    hints=(
        "Make the file's names into the network's first. When do you know that all of them fit, and what was "
        "changed by then?",
        "removeprefix takes off a beginning only. Compare names and shapes with network.state_dict() before you load.",
        "torch.load(file, weights_only=True); own.keys() ^ tensors.keys() is what is missing or too many; then "
        "strict.",
    ),
    mistakes=(
        Mistake(
            "runs-what-is-in-the-file",
            "a program in the file was run: a pickle can hold any; weights_only=True reads data alone",
            ((READ, "held = torch.load(file, weights_only=False)"),),
        ),
        Mistake(
            "nothing-loaded",
            'no tensor was loaded: the names begin with "module.", and strict=False says nothing of it',
            (
                (PREFIX, ""),
                (CHECKED, "    if False:\n"),
                (
                    LOAD,
                    "    network.load_state_dict({name: t for name, t in "
                    "tensors.items() if name not in own or own[name].shape == t.shape}, strict=False)\n",
                ),
            ),
        ),
        Mistake(
            "not-strict",
            "a tensor is missing or too many, and nothing is said: what was not loaded stays random",
            ((CHECKED, "    if False:\n"), (LOAD, "    network.load_state_dict(tensors, strict=False)\n")),
        ),
        Mistake(
            "misfits-skipped",
            "tensors that are missing, or have another shape, are passed over in silence: refuse the file",
            (
                (CHECKED, "    if False:\n"),
                (
                    LOAD,
                    "    fitting = {name: tensor for name, tensor in tensors.items() "
                    "if name in own and own[name].shape == tensor.shape}\n    network.load_state_dict(own | "
                    "fitting)\n",
                ),
            ),
        ),
        Mistake(
            "partly-loaded",
            "the file was refused, and some tensors are loaded already: load_state_dict copies what fits, then raises",
            ((CHECKED, "    if False:\n"),),
        ),
        Mistake(
            "refused-in-print-only",
            "a wrong file is not refused: a message was printed, and the caller goes on with a network that is "
            "not filled",
            ((REFUSE, "        print('does not fit', sorted(wrong))\n        return\n"),),
        ),
        Mistake(
            "refused-by-another-error",
            "a wrong file is refused by an error of another kind: the caller is promised a ValueError",
            ((REFUSE, "        raise KeyError(*sorted(wrong))\n"),),
        ),
        Mistake(
            "prefix-everywhere",
            '"module." is taken out wherever it stands: submodule.conv became subconv; it is a prefix',
            ((PREFIX, '        name = name.replace("module.", "")\n'),),
        ),
        Mistake(
            "prefix-expected",
            'seven letters are cut off every name, also where "module." does not stand before it',
            ((PREFIX, '        name = name[len("module."):]\n'),),
        ),
        Mistake(
            "wrapper-left-on",
            'the tensors are looked for at the top; the file may hold them under "state_dict" or "model"',
            (
                ('    for wrapper in ("state_dict", "model"):\n        held = held.get(wrapper, held)\n', ""),
                (
                    "    for name, tensor in held.items():\n",
                    "    for name, tensor in held.items():\n"
                    "        if not isinstance(tensor, torch.Tensor):\n            raise ValueError(name)\n",
                ),
            ),
        ),
        Mistake(
            "head-left-random",
            "the head is not loaded: `linear` in the file is `fc` here",
            (
                ('            name = "fc." + name.removeprefix("linear.")\n', "            continue\n"),
                (
                    "    wrong |= own.keys() ^ tensors.keys()\n",
                    "    wrong |= {name for name in own.keys() ^ tensors.keys() if not name.startswith('fc.')}\n",
                ),
                (LOAD, "    network.load_state_dict(own | tensors)\n"),
            ),
        ),
        Mistake(
            "counters-expected",
            "files without num_batches_tracked are refused; older ones do not have them, and nothing computes "
            "with them",
            (('if name.endswith("num_batches_tracked")}', "if False}"),),
        ),
        Mistake(
            "running-averages-left-out",
            "parameters are loaded, and running averages are not: in evaluation the network computes something else",
            (
                (
                    LOAD,
                    "    for name, parameter in network.named_parameters():\n"
                    "        parameter.data.copy_(tensors[name])\n",
                ),
            ),
        ),
        Mistake(
            "loaded-by-position",
            "tensors are matched by their place in the file; the names say where they belong",
            (
                (
                    LOAD,
                    "    for (name, tensor), given in zip(own.items(), list(held.values()), strict=False):\n"
                    "        if tensor.shape == given.shape:\n            tensor.copy_(given)\n",
                ),
            ),
        ),
    ),
)
