"""Reading: what becomes of the gradient.

This table was made by `resnetlab lab run vanishing_gradients`: networks of 56 layers before any training, on digits
of 8×8 pixels. "Lost" is how much the natural logarithm of the gradient's norm falls with each layer on its way from
the loss to the input, as a mean over layers and 20 draws; the interval is that of all claims of the laboratory's
quick tier together. Losing 0.1 was fixed beforehand as "vanishing".

    network                             lost per layer   interval            per layer
    plain, sigmoid, He initialisation        1.194       1.186 to 1.202       -70 %
    plain, ReLU, He initialisation           0.041       0.026 to 0.056        -4 %
    plain, ReLU and BN, He init.            -0.168      -0.174 to -0.162      +18 %

    shown beside them, 3 draws each, not judged:
    plain, ReLU, PyTorch's initialisation                                     -61 %
    residual, sigmoid, He initialisation                                      -52 %

Choose one letter for each question, and give it the question's name: FIRST = 'x' for choice x of the first.
"""

from __future__ import annotations

# FIRST. What does -0.168 in the third row say?
#    a. The gradient's norm grows from layer to layer on its way to the input.
#    b. The gradient vanishes, a little more slowly than in the first row.
#    c. The measurement failed: a norm cannot be negative.
# --- fill in ---
FIRST = "a"  # a loss below zero is a gain: the logarithm rises by 0.168 a layer, and exp(0.168) is 1.18
# --- until here ---

# SECOND. The plain networks of He et al. 2015 have ReLU, BN and He initialisation, and the deep ones train worse.
#    What does the table say to "because their gradients vanish"?
#    a. It confirms it: 56 layers lose a lot.
#    b. Before training the gradient of such a network does not vanish. The table does not say what it does later.
#    c. BN makes the gradient grow, so BN is why they train worse.
# --- fill in ---
SECOND = "b"  # row 3 speaks against the explanation where it is usually told, at the start, and about no later time
# --- until here ---

# THIRD. Plain networks of ReLUs without BN: -4 % a layer with He initialisation, -61 % with PyTorch's.
#    a. Networks of ReLUs need skips.
#    b. He initialisation is better in every network.
#    c. Nothing but the initialisation differs, and it decides. Who compares architectures has to keep it the same.
# --- fill in ---
THIRD = "c"  # a skip compared with a plain net of a shrinking initialisation gets the credit of the initialisation
# --- until here ---
