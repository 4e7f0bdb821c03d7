"""Degradation, residual learning, and networks as ensembles of paths."""

from __future__ import annotations

from resnetlab.exercises.quiz import Choice, Question

DEPTH = (
    Question(
        "what_degradation_is",
        "depth",
        "A plain network of 56 layers has more test errors than one of 20 layers, trained alike. What is it?",
        (
            Choice(
                "Overfitting: the deeper network has more parameters.",
                "An overfitted network has a low training error. Here the training error is higher too.",
            ),
            Choice(
                "Degradation: its training error is higher as well, though it could hold the shallow network.",
                "20 layers and 36 identities would be as good; the optimiser does not find that. So it is no matter "
                "of what the network can express (He et al. 2015, Section 1).",
                right=True,
            ),
            Choice(
                "Too little data for so many layers.",
                "That would show in the gap between training and test error, not in the training error.",
            ),
        ),
        ("resnetlab lab run degradation",),
    ),
    Question(
        "cause_of_degradation",
        "depth",
        "Why does the deeper plain network train worse?",
        (
            Choice(
                "Its gradients vanish on the way to the early layers.",
                "He et al. 2015, Section 4.1, call this unlikely: their plain nets have batch norm, and the gradients "
                "were checked to be healthy. At initialisation such nets have gradients that grow toward the input. "
                "With sigmoids and without norms gradients do vanish, but that is another network.",
                taught=True,
            ),
            Choice(
                "The paper does not say for sure; it is an optimisation difficulty which is not vanishing gradients.",
                "They conjecture very slow convergence. Later work measures that gradients of deep plain nets lose "
                "their correlation from one image to the next (Balduzzi et al. 2017).",
                right=True,
            ),
            Choice(
                "ReLU kills half of the units in every layer, so that nothing is left after 56 of them.",
                "He initialisation makes up for it: the signal keeps its variance.",
            ),
        ),
        ("resnetlab lab run vanishing_gradients", "resnetlab lab run shattered_gradients"),
    ),
    Question(
        "what_residual_learning_is",
        "depth",
        "What does a residual block learn, and why should that be easier?",
        (
            Choice(
                "What is to be added to x: F(x) = H(x) - x. If little is to change, F has only to be small.",
                "A block of small weights is then close to the identity, and deeper is no worse by default. That it "
                "is easier is a hypothesis of the paper, and its experiments speak for it.",
                right=True,
            ),
            Choice(
                "H(x) itself, with fewer parameters than a plain block.",
                "An identity skip has no parameters; the block has as many as the plain one.",
            ),
            Choice(
                "A gate that chooses between x and F(x).",
                "Highway networks have gates. A residual block adds, and its skip is never closed.",
            ),
        ),
        ("resnetlab lab run skip_rescues_depth", "resnetlab lab run identity_is_easy"),
    ),
    Question(
        "when_blocks_are_removed",
        "depth",
        "Networks as ensembles (Veit et al. 2016): when are blocks removed, and what is found?",
        (
            Choice(
                "During training; the others learn to do without them.",
                "That is stochastic depth (Huang et al. 2016). In the ensemble study nothing is trained again.",
                taught=True,
            ),
            Choice(
                "At test time, from a trained network: a residual net hardly minds losing one, a plain net is ruined.",
                "With a skip there is still a way round the missing block. The blocks that change the shape, and the "
                "first, matter most.",
                right=True,
            ),
            Choice(
                "Before training, to find the smallest network that still learns.",
                "That would be a search for architectures.",
            ),
        ),
        ("resnetlab lab run lesion_one_block", "resnetlab lab run lesion_many_blocks"),
    ),
    Question(
        "which_paths_carry_the_gradient",
        "depth",
        "n residual blocks make 2^n paths. Through which of them does most of the gradient come?",
        (
            Choice(
                "The longest: they hold all the blocks.",
                "In a trained network the gradient of a path gets smaller with every branch that it passes.",
            ),
            Choice(
                "Those of about n / 2 blocks, for there are most of them.",
                "Most paths are of that length, and each carries next to nothing.",
            ),
            Choice(
                "A few short ones, far below n / 2 blocks.",
                "Number and gradient of a path pull against each other. For n = 54 the paper finds 5 to 17 blocks: "
                "0.45 % of all paths.",
                right=True,
            ),
        ),
        ("resnetlab lab run path_lengths",),
    ),
)
