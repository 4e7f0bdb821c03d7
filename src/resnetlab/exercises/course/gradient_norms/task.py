"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise, Mistake

NORM = "norms[name] = given[0].norm().item()"
BACKWARD = "torch.autograd.grad(loss, [source, *network.parameters()])"
LOSS = "loss = F.cross_entropy(network(source), labels)"
REMOVE = "    for hook in hooks:\n        hook.remove()\n"
RESTORE = ("    for buffer, before in zip(network.buffers(), averages, strict=True):\n"
           "        buffer.copy_(before)\n")  # fmt: skip

EXERCISE = Exercise(
    name="gradient_norms",
    title="Gradient norms layer by layer, with hooks",
    asks=("gradient_norms",),
    hints=(
        "Which of the two gradients that a backward hook is given belongs to the output? And what is still there "
        "afterwards?",
        "A full backward hook gets (module, grad_input, grad_output). autograd.grad fills no .grad; backward() "
        "adds to it.",
        "norms[name] = grad_output[0].norm().item(), with name bound at once; remove the hooks; copy the buffers "
        "back.",
    ),
    mistakes=(
        Mistake(
            "gradient-of-the-input",
            "this is the gradient at what the layer takes; asked is the one at what it gives: grad_output",
            ((NORM, "norms[name] = taken[0].norm().item()"),),
        ),
        Mistake(
            "gradient-of-the-weights",
            "this is the norm of the weights' gradient: that of the layer's output is asked",
            (
                (
                    BACKWARD,
                    "gradients = torch.autograd.grad(loss, list(network.parameters()))\n"
                    "    for (name, _), gradient in zip(network.named_parameters(), gradients, strict=True):\n"
                    "        if gradient.ndim == 4:\n"
                    "            norms[name.removesuffix('.weight')] = gradient.norm().item()",
                ),
            ),
        ),
        Mistake(
            "hooks-left-behind",
            "the hooks are still on the network: they run, and cost, in every later pass",
            ((REMOVE, ""),),
        ),
        Mistake(
            "grad-filled",
            "backward() added to the parameters' .grad: the next optimiser step would take it for its own",
            ((BACKWARD, "loss.backward()"),),
        ),
        Mistake(
            "grad-cleared",
            "the parameters' .grad was cleared: what stood there belongs to the training that goes on",
            ((BACKWARD, "loss.backward()\n    network.zero_grad()"),),
        ),
        Mistake(
            "running-averages-moved",
            "the pass in training mode moved the running averages: keep them and put them back",
            ((RESTORE, ""),),
        ),
        Mistake(
            "mode-changed",
            "the network was brought to evaluation mode: its gradients are others there, and it was left in it",
            ((LOSS, "network.eval()\n    " + LOSS),),
        ),
        Mistake(
            "sum-over-the-batch",
            "the loss is summed over the batch: that is the mean's gradient times the number of images",
            ((LOSS, "loss = F.cross_entropy(network(source), labels, reduction='sum')"),),
        ),
        Mistake(
            "mean-for-norm",
            "this is the mean of the absolute values; the Euclidean norm is the root of the sum of squares",
            ((NORM, "norms[name] = given[0].abs().mean().item()"),),
        ),
        Mistake(
            "squared-norm",
            "the root is missing: this is the sum of the squares",
            ((NORM, "norms[name] = given[0].square().sum().item()"),),
        ),
        Mistake(
            "direct-children-only",
            "layers inside blocks are missing: named_children() goes one step deep, named_modules() goes all the way",
            (("network.named_modules()", "network.named_children()"),),
        ),
        Mistake(
            "name-bound-too-late",
            "every hook wrote under the name of the last layer: a loop's variable is looked up when the hook runs",
            ((", name: str = name) -> None", ") -> None"),),
        ),
        Mistake(
            "every-kind-of-layer",
            "norms and other layers are listed too: the convolutions were asked for",
            (
                ("if isinstance(layer, nn.Conv2d):", "if isinstance(layer, nn.Conv2d | nn.BatchNorm2d):"),
                (NORM, "norms[name] = given[0].norm().item()"),
            ),
        ),
    ),
)
