"""Depth, parameters, multiply-adds and accuracies, and whose they are."""

from __future__ import annotations

from resnetlab.exercises.quiz import Choice, Question

SIZES = (
    Question(
        "depth_beside_vgg",
        "sizes",
        "How do ResNet-50 and VGG-16 compare in depth and cost?",
        (
            Choice(
                "They have the same depth, ResNet-50 with fewer FLOPs.",
                "50 layers with weights against 16.",
                taught=True,
            ),
            Choice(
                "50 layers against 16, and still about a quarter of the multiply-adds: 4.09 G against 15.47 G.",
                "4.09 G with the stride in the 3×3, as in torchvision; the paper's network, which has it in the first "
                "1×1, needs 3.86 G. VGG works on 224×224 pixels with 64 channels; ResNet begins with stride 4.",
                right=True,
            ),
            Choice(
                "ResNet-50 is three times deeper and costs three times as much.",
                "Cost depends on the size of the maps and the channels, not on the number of layers.",
            ),
        ),
        ("resnetlab lab run vgg_or_resnet", "resnetlab models show resnet50"),
    ),
    Question(
        "where_vgg_keeps_its_weights",
        "sizes",
        "How many parameters do VGG-16's three linear layers hold?",
        (
            Choice(
                "4096 × 4096 × 3, about 120 M.",
                "That product is 50.3 M, and the layers are not alike.",
                taught=True,
            ),
            Choice(
                "102.76 + 16.78 + 4.10 = 123.64 M, most of them in the first.",
                "The first takes 512 × 7 × 7 numbers. ResNets take a mean over the map instead, and have one "
                "layer of 2.05 M.",
                right=True,
            ),
            Choice("About 14.7 M.", "Those are the parameters of its convolutions."),
        ),
        ("resnetlab lab run size_tables", "resnetlab models show vgg16 --layers"),
    ),
    Question(
        "fewer_parameters_than_vgg19",
        "sizes",
        "ResNet-50 has 25.56 M parameters and VGG-19 143.67 M. How many times fewer?",
        (
            Choice("5.7 times.", "143.67 / 25.56 is 5.62.", taught=True),
            Choice("5.6 times.", "143.67 / 25.56 = 5.62.", right=True),
            Choice("8 times.", "The paper's \"8×\" compares depth: 152 layers and VGG's 19."),
        ),
        ("resnetlab lab run size_tables", "resnetlab models 'vgg*'"),
    ),
    Question(
        "whose_accuracy",
        "sizes",
        "Tables give ResNet-50 a top-1 of 76.13 %. Whose number is that?",
        (
            Choice(
                "The paper's.",
                "The paper prints errors, of ten crops or a single one, and other networks: its stride stands in "
                "the 1×1.",
                taught=True,
            ),
            Choice(
                "torchvision's, of its weights IMAGENET1K_V1.",
                "A number belongs to weights and a way of testing. The second set of weights for the same "
                "network has another.",
                right=True,
            ),
            Choice(
                "Whoever trains ResNet-50 gets it.",
                "With other recipes the same network gets from 75 to over 80 %.",
            ),
        ),
        ("resnetlab models 'resnet*'", "resnetlab models show resnet50"),
    ),
    Question(
        "flops_or_multiply_adds",
        "sizes",
        'One source gives ResNet-50 3.8 G "FLOPs", another 4.1, a third 8.2. How can that be?',
        (
            Choice(
                "They measured on different machines.",
                "Counts do not depend on the machine.",
            ),
            Choice(
                "Some count a multiply-add once and some as two; and there are two networks, by where the stride "
                "stands.",
                "4.09 G multiply-adds are 8.18 G operations; 3.86 G belong to the paper's network.",
                right=True,
            ),
            Choice(
                "One of them forgot the batch norms.",
                "They are under one per cent, and left out by convention.",
            ),
        ),
        ("resnetlab models show resnet50 --layers", "resnetlab exercises check course counting"),
    ),
    Question(
        "what_resnext_adds",
        "sizes",
        "What does ResNeXt change in the bottleneck?",
        (
            Choice(
                "Its 3×3 convolution has groups: 32 of 4 channels. Cardinality grows at about the same cost.",
                "ResNeXt-50 (32×4d) has 25.03 M parameters, ResNet-50 25.56 M.",
                right=True,
            ),
            Choice(
                "It concatenates all earlier outputs.",
                "That is DenseNet.",
            ),
            Choice(
                "It widens the 3×3 convolution twice.",
                "That is Wide ResNet-50-2.",
            ),
        ),
        ("resnetlab models show resnext50_32x4d",),
    ),
)
