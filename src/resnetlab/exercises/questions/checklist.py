"""Eight things to be able to do, each with what to run."""

from __future__ import annotations

from resnetlab.exercises.quiz import Skill

CHECKLIST = (
    Skill(
        "say what degradation is, and that it is seen in the training error",
        ("resnetlab lab run degradation", "resnetlab lab run skip_rescues_depth"),
    ),
    Skill(
        "write a residual block, and say what it is for F = 0",
        ("resnetlab exercises check course basic_block", "resnetlab lab run identity_is_easy"),
    ),
    Skill(
        "say what a skip does to the gradient, and what it does not promise",
        ("resnetlab lab run gradient_at_least_one", "resnetlab exercises check course plain_or_residual"),
    ),
    Skill(
        "make shapes fit: zeros, projection, and where each is used",
        ("resnetlab exercises check course projection_shortcut", "resnetlab lab run shortcut_options"),
    ),
    Skill(
        "build ResNet-18 to ResNet-152 from a table, and count their parameters and multiply-adds",
        ("resnetlab models 'resnet*'", "resnetlab exercises check course resnet50"),
    ),
    Skill(
        "compute batch norm in training and in evaluation, and name what is claimed of it",
        ("resnetlab exercises check course batch_norm", "resnetlab lab run bn_learning_rate bn_smooths_landscape"),
    ),
    Skill(
        "tell pre-activation from post-activation, and say what changes on the skip",
        ("resnetlab exercises check course pre_activation_block", "resnetlab models show resnetv2_50"),
    ),
    Skill(
        "explain the ensemble view, and test it by lesions",
        ("resnetlab lab run lesion_one_block path_lengths", "resnetlab exercises check course lesion_study"),
    ),
)
