"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import GRADIENT_CUT, Exercise, Mistake

PRODUCT = "weight.reshape(d, -1) @ columns + bias[:, None]"
UNFOLD = "F.unfold(x, k, padding=padding, stride=stride)"

EXERCISE = Exercise(
    name="convolution_by_unfold",
    title="Convolution by unfold",
    asks=("convolution",),
    hints=(
        "Write down the shape after every line. Which two shapes does the matrix product have to meet?",
        "F.unfold(x, k, padding=..., stride=...) gives (n, c * k * k, windows); the weight becomes (d, c * k * k).",
        "A (d, m) matrix @ an (n, m, windows) tensor is (n, d, windows): add bias[:, None], reshape to the image.",
    ),
    mistakes=(
        Mistake(
            "padding-off-by-one",
            "the padding is one row and column too small on each side: `padding` counts those of one side, not both",
            (
                (UNFOLD, "F.unfold(F.pad(x, (padding - 1,) * 4 if padding else (0,) * 4), k, stride=stride)"),
                ("rows, width =", "padding = max(padding - 1, 0)\n    rows, width ="),
            ),
        ),
        Mistake(
            "padding-forgotten",
            "the image is not padded: there are no windows round its border",
            (("    n, _, h, w = x.shape\n", "    n, _, h, w = x.shape\n    padding = 0\n"),),
        ),
        Mistake(
            "padding-on-one-side",
            "the padding stands at the bottom and the right only; half of it belongs to the top and the left",
            ((UNFOLD, "F.unfold(F.pad(x, (0, 2 * padding, 0, 2 * padding)), k, stride=stride)"),),
        ),
        Mistake(
            "kernel-flipped",
            "the kernel is turned round: that is a convolution in mathematics; networks compute a correlation",
            ((PRODUCT, "weight.flip(2, 3).reshape(d, -1) @ columns + bias[:, None]"),),
        ),
        Mistake(
            "kernel-transposed",
            "rows and columns of the kernel are exchanged: unfold lays a window out row by row",
            ((PRODUCT, "weight.transpose(2, 3).reshape(d, -1) @ columns + bias[:, None]"),),
        ),
        Mistake(
            "channels-last-weights",
            "the weights are laid out pixel by pixel, and unfold's columns channel by channel: their order differs",
            ((PRODUCT, "weight.permute(0, 2, 3, 1).reshape(d, -1) @ columns + bias[:, None]"),),
        ),
        Mistake(
            "no-bias",
            "the bias is not added",
            ((PRODUCT, "weight.reshape(d, -1) @ columns"),),
        ),
        Mistake(
            "stride-ignored",
            "the windows are one pixel apart, whatever the stride",
            ((UNFOLD, "F.unfold(x, k, padding=padding)"), ("rows, width =", "stride = 1\n    rows, width =")),
        ),
        Mistake(
            "height-and-width-exchanged",
            "the columns are put back with width for height: an image that is not square comes out scrambled",
            (("y.reshape(n, d, rows, width)", "y.reshape(n, d, width, rows)"),),
        ),
        Mistake(
            "gradient-cut",
            GRADIENT_CUT,
            (("columns = F.unfold(x,", "columns = F.unfold(x.detach(),"),),
        ),
        Mistake(
            "gradient-cut-at-the-weight",
            GRADIENT_CUT,
            ((PRODUCT, "weight.detach().reshape(d, -1) @ columns + bias[:, None]"),),
        ),
        Mistake(
            "no-gradient-at-all",
            GRADIENT_CUT,
            (("    return y.reshape(", "    y = y.detach()\n    return y.reshape("),),
        ),
        Mistake(
            "stride-not-passed",
            "F.unfold is not told the stride: it cuts more windows than the image that comes out has pixels",
            ((UNFOLD, "F.unfold(x, k, padding=padding)"),),
        ),
        Mistake(
            "padding-not-passed",
            "F.unfold is not told the padding: it cuts fewer windows than the image that comes out has pixels",
            ((UNFOLD, "F.unfold(x, k, stride=stride)"),),
        ),
    ),
)
