"""Reading: a table of sizes.

What a table shows, and what it only seems to show. This one was made by `resnetlab models 'resnet*'`; "field" is the
receptive field of the last features in pixels, top-1 is published accuracy: torchvision's IMAGENET1K_V1 on 224×224,
and the paper's Table 6 for CIFAR-10.

    model       block       depth  parameters    MACs  field  top-1
    resnet18    basic          18  11,689,512  1.81 G    435  69.76
    resnet34    basic          34  21,797,672  3.66 G    899  73.31
    resnet50    bottleneck     50  25,557,032  4.09 G    427  76.13
    resnet101   bottleneck    101  44,549,160  7.80 G    971  77.37
    resnet152   bottleneck    152  60,192,808  11.5 G  1,451  78.31

    resnet20    basic          20     269,722  40.6 M     81  91.25
    resnet56    basic          56     853,018   125 M    249  93.03
    resnet110   basic         110   1,727,962   253 M    501  93.57
    resnet1202  basic        1202  19,421,274  2.83 G  5,597  92.07

Choose one letter for each question, and give it the question's name: FIRST = 'x' for choice x of the first.
"""

from __future__ import annotations

# FIRST. ResNet-50 is deeper than ResNet-34 and has less than half of its receptive field, 427 pixels against 899.
#    a. The table must be wrong: a deeper network sees more.
#    b. Depth counts all layers; the field grows by 3×3 kernels, and a bottleneck has one of them in three layers.
#    c. ResNet-50 cannot see a whole image of 224 pixels.
# --- fill in ---
FIRST = "b"  # ResNet-34 has 32 convolutions of 3×3 in its blocks, ResNet-50 has 16
# --- until here ---

# SECOND. From ResNet-18 to ResNet-152 accuracy rises with depth, from 69.76 to 78.31.
#    a. Depth alone makes it better.
#    b. More parameters make it better.
#    c. Within this family larger networks were better. Depth, parameters and cost rise together: which of them it is,
#       the table does not tell.
# --- fill in ---
SECOND = "c"  # three columns are confounded; an experiment would have to hold two of them and change one
# --- until here ---

# THIRD. ResNet-1202 has 92.07, less than ResNet-110.
#    a. On test images it is worse. Whether it also trains worse, the table does not tell.
#    b. It shows degradation: 1202 layers cannot be trained.
#    c. It shows that residual networks have a best depth, near 110 layers.
# --- fill in ---
THIRD = "a"  # the paper adds that its training error is below 0.1 %, so it puts this down to overfitting
# --- until here ---
