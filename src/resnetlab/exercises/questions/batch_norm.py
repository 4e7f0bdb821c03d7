"""What batch norm does, and what is claimed of it."""

from __future__ import annotations

from resnetlab.exercises.quiz import Choice, Question

BATCH_NORM = (
    Question(
        "why_batch_norm_works",
        "batch norm",
        "Why does batch norm help?",
        (
            Choice(
                "It reduces internal covariate shift.",
                "That was its authors' explanation. Santurkar et al. 2018 put noise behind every norm, so that the "
                "distributions shift more than without one, and it trained as well.",
                taught=True,
            ),
            Choice(
                "It is contested. What is measured: higher learning rates train, and loss and gradient change less "
                "abruptly along a step.",
                "Each of the roles it is given is a claim of its own, with its own test.",
                right=True,
            ),
            Choice(
                "It makes all activations normally distributed.",
                "It sets mean and deviation and leaves the shape of the distribution.",
            ),
        ),
        ("resnetlab lab run bn_learning_rate bn_smooths_landscape", "resnetlab lab show bn_covariate_shift"),
    ),
    Question(
        "training_and_evaluation",
        "batch norm",
        "What does model.eval() change in a batch norm?",
        (
            Choice(
                "It stops γ and β from learning.",
                "It does not touch requires_grad; an optimiser would still change them.",
            ),
            Choice(
                "It normalises by the running averages instead of the batch's own statistics, and does not move them.",
                "Then what is said of an image does not depend on the images beside it.",
                right=True,
            ),
            Choice(
                "It leaves the normalisation out.",
                "γ, β and the running averages still apply.",
            ),
        ),
        ("resnetlab exercises check course batch_norm",),
    ),
    Question(
        "bias_before_batch_norm",
        "batch norm",
        "Why do convolutions before a batch norm have no bias?",
        (
            Choice(
                "The norm takes the mean away, and the bias with it; β takes its place.",
                "In training mode outputs are equal with and without it, and its gradient is zero to rounding.",
                right=True,
            ),
            Choice("Biases slow convolutions down.", "Their cost is next to nothing."),
            Choice(
                "A bias would break the identity of the skip.",
                "The skip goes round the convolution.",
            ),
        ),
        ("resnetlab lab run conv_bias_redundant",),
    ),
    Question(
        "what_compilers_fuse",
        "batch norm",
        "torch.compile fuses convolution, batch norm and ReLU into one kernel. When?",
        (
            Choice(
                "In training and in inference, which is why both get faster.",
                "In training the norm needs the batch's mean and variance, which are there only when the whole "
                "convolution is done: norm and ReLU can share a kernel, the convolution stays apart.",
                taught=True,
            ),
            Choice(
                "In inference the norm can be folded into the weights; in training the convolution stays a "
                "kernel of its own.",
                "Folding needs numbers that do not change with the batch: the running averages.",
                right=True,
            ),
            Choice("Never.", "In inference the folding is exact up to rounding."),
        ),
        ("resnetlab lab show compile_fusion", "resnetlab exercises check course folding_batch_norm"),
    ),
    Question(
        "identity_at_the_start",
        "batch norm",
        "How does batch norm on the branches change a deep residual network at its start?",
        (
            Choice(
                "The skip's variance grows by about one with each block, so a late branch is a small share: "
                "nearly the identity.",
                "Relative to the skip, block l is scaled by about 1/√l (De & Smith 2020). Without norms the variance "
                "grows exponentially.",
                right=True,
            ),
            Choice(
                "It makes every block exactly the identity.",
                "Only a last γ of zero does that.",
            ),
            Choice(
                "It keeps the variance at one all along.",
                "It normalises the branch; the sum with the skip grows.",
            ),
        ),
        ("resnetlab lab run bn_identity_bias",),
    ),
)
