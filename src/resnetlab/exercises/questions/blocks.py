"""Shapes, shortcuts and bottlenecks."""

from __future__ import annotations

from resnetlab.exercises.quiz import Choice, Question

BLOCKS = (
    Question(
        "shapes_that_do_not_fit",
        "blocks",
        "A stage halves the image and doubles the channels. What becomes of the skip?",
        (
            Choice(
                "It is left out in such blocks.",
                "Then these blocks would be plain ones.",
            ),
            Choice(
                "A: every second pixel, and zeros for the new channels. B: a 1×1 convolution with stride 2, and "
                "a norm.",
                "A has no parameters. C projects in every block, also where shapes fit.",
                right=True,
            ),
            Choice(
                "PyTorch broadcasts it in the addition.",
                "Broadcasting repeats dimensions of size 1; here the addition would raise an error.",
            ),
        ),
        (
            "resnetlab exercises check course projection_shortcut",
            "resnetlab exercises check course zero_padding_shortcut",
        ),
    ),
    Question(
        "which_option_the_paper_chose",
        "blocks",
        "Which of the shortcuts A, B and C did He et al. 2015 choose?",
        (
            Choice(
                "B, the projection.",
                "Only for ImageNet's ResNet-50, 101 and 152. Their CIFAR-10 networks all have A.",
                taught=True,
            ),
            Choice(
                "C, for it had the lowest error.",
                "It had, 24.19 % against 24.52 and 25.03 %; they judged it not worth its parameters.",
            ),
            Choice(
                "A for CIFAR-10, B for ResNet-50 and deeper on ImageNet.",
                "Table 3 compares the three on ResNet-34: the differences between them are small beside that to the "
                "plain net's 28.54 %.",
                right=True,
            ),
        ),
        ("resnetlab lab run shortcut_options", "resnetlab models show 'resnet20[shortcut=B]'"),
    ),
    Question(
        "what_a_bottleneck_costs",
        "blocks",
        "On 256 channels, two 3×3 convolutions against a bottleneck 256-64-64-256. What are 1.2 M and 70 K?",
        (
            Choice(
                "Their FLOPs.",
                "They are weights, that is multiply-adds at one position: 1,179,648 and 69,632. The FLOPs depend "
                "on the size of the image.",
                taught=True,
            ),
            Choice(
                "Their weights: multiply-adds at each position. The paper's pair of equal cost is another one.",
                "It is a basic block of 64 channels with 73,728 weights beside this bottleneck's 69,632: where "
                "ResNet-50 has the one, at 56×56 pixels, ResNet-34 has the other.",
                right=True,
            ),
            Choice(
                "The memory that each needs.",
                "Memory goes mostly to activations, of 64 channels within the bottleneck.",
            ),
        ),
        ("resnetlab lab run bottleneck_cost", "resnetlab exercises check course bottleneck"),
    ),
    Question(
        "two_small_kernels",
        "blocks",
        "Why do VGG and ResNet stack 3×3 convolutions instead of using one 5×5?",
        (
            Choice(
                "Two of them see more than one 5×5.",
                "They see the same 5 pixels a side.",
            ),
            Choice(
                "They see the same, with 18 weights instead of 25 a pair of channels, and one more non-linearity.",
                "Three see what one 7×7 does, with 27 for 49.",
                right=True,
            ),
            Choice(
                "One 5×5 cannot have a stride.",
                "It can.",
            ),
        ),
        ("resnetlab lab run receptive_field", "resnetlab exercises check course receptive_field"),
    ),
)
