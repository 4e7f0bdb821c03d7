"""Eight things to be able to do, each with what to run and the exercises that prove it."""

from __future__ import annotations

from resnetlab.exercises.quiz import Skill

CHECKLIST = (
    Skill(
        "say what degradation is, and that it is seen in the training error",
        ("resnetlab lab run degradation", "resnetlab lab run skip_rescues_depth"),
        ("reading_training_curves",),
    ),
    Skill(
        "write a residual block, and say what it is for F = 0",
        ("resnetlab lab run identity_is_easy",),
        ("basic_block", "zero_gamma"),
    ),
    Skill(
        "say what a skip does to the gradient, and what it does not promise",
        ("resnetlab lab run gradient_at_least_one",),
        ("plain_or_residual",),
    ),
    Skill(
        "make shapes fit: zeros, projection, and where each is used",
        ("resnetlab lab run shortcut_options",),
        ("projection_shortcut", "zero_padding_shortcut"),
    ),
    Skill(
        "build ResNet-18 to ResNet-152 from a table, and count their parameters and multiply-adds",
        ("resnetlab models 'resnet*'",),
        ("resnet50", "counting"),
    ),
    Skill(
        "compute batch norm in training and in evaluation, and name what is claimed of it",
        ("resnetlab lab run bn_learning_rate bn_smooths_landscape",),
        ("batch_norm",),
    ),
    Skill(
        "tell pre-activation from post-activation, and say what changes on the skip",
        ("resnetlab models show resnetv2_50",),
        ("pre_activation_block",),
    ),
    Skill(
        "explain the ensemble view, and test it by lesions",
        ("resnetlab lab run lesion_one_block path_lengths",),
        ("lesion_study",),
    ),
)
