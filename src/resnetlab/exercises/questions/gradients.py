"""What a skip does to the gradient."""

from __future__ import annotations

from resnetlab.exercises.quiz import Choice, Question

GRADIENTS = (
    Question(
        "gradient_through_a_skip",
        "gradients",
        "y = F(x) + x. How large is the gradient at x, compared with that at y?",
        (
            Choice(
                "At least as large: the derivative is F'(x) + 1.",
                "In many dimensions the derivative is the matrix I + J. F = -x/2 halves every gradient, and F = -x "
                "ends it. In the original block a ReLU comes after the addition, and a projection stands in the place "
                "of I.",
                taught=True,
            ),
            Choice(
                "Exactly as large: the skip passes it on unchanged.",
                "The skip's share is unchanged; the branch adds its own, which may point anywhere.",
            ),
            Choice(
                "g(I + J): g itself and what comes back through F. Often larger, and smaller where J points "
                "against g.",
                "So it does not vanish by itself over many blocks, and there is no lower bound.",
                right=True,
            ),
        ),
        ("resnetlab lab run gradient_at_least_one", "resnetlab exercises check course plain_or_residual"),
    ),
    Question(
        "what_the_linear_demo_shows",
        "gradients",
        "A stack of 20 nn.Linear layers has tiny gradients at its input; with skips they are large. What was shown?",
        (
            Choice(
                "That skips save the gradient.",
                "PyTorch's default nn.Linear initialisation shrinks the signal in every layer. With He initialisation "
                "the plain stack is fine, and the residual one explodes. The demo measures the initialisation.",
                taught=True,
            ),
            Choice(
                "That with this initialisation each plain layer shrinks the gradient; with another one it would not.",
                "Skip and initialisation are to be varied apart. That is a factorial of two by two.",
                right=True,
            ),
            Choice(
                "That linear layers cannot be stacked 20 deep.",
                "They can, if their weights have the right size at the start.",
            ),
        ),
        ("resnetlab lab run skip_or_init",),
    ),
    Question(
        "how_to_begin_as_the_identity",
        "gradients",
        "How do you make a block of convolutions and batch norms begin as the identity, and still learn?",
        (
            Choice(
                "Set all its weights to zero.",
                "Between zeroed convolutions no gradient comes through: each is multiplied by the zeros of the other, "
                "so the convolutions get none. A norm's β also stays.",
                taught=True,
            ),
            Choice(
                "Set γ (and β) of the last batch norm to zero.",
                "F is 0, and γ has a gradient at once, because what the convolutions compute is not zero. A block "
                "with a ReLU after the addition is the identity for x ≥ 0 only.",
                right=True,
            ),
            Choice(
                "Draw its weights very small.",
                "A batch norm divides by their deviation: what comes out does not get smaller.",
            ),
        ),
        ("resnetlab lab run identity_is_easy", "resnetlab exercises check course zero_gamma"),
    ),
    Question(
        "where_relu_stands",
        "gradients",
        "What does pre-activation change?",
        (
            Choice(
                "Norm and ReLU stand before each convolution and nothing follows the addition: x comes through "
                "as it is.",
                "Then x_L = x_l + ΣF, and the skip has no ReLU on its way (He et al. 2016, Equation 4). One more "
                "BN and ReLU stand before the head.",
                right=True,
            ),
            Choice(
                "The ReLU is left out, which makes the network linear.",
                "It has as many ReLUs; they stand elsewhere.",
            ),
            Choice(
                "It always trains better.",
                "The paper shows it for deep networks: on CIFAR-10 from 6.61 to 6.37 % of error at 110 layers, from "
                "7.61 to 4.92 % at 1001 (He et al. 2016, Table 3). The shallower, the less, and of shallow ones it "
                "shows nothing.",
            ),
        ),
        ("resnetlab models show resnetv2_50", "resnetlab exercises check course pre_activation_block"),
    ),
)
