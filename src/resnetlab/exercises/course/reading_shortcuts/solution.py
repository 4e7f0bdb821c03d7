"""Reading: an ablation of shortcuts.

This table was made by `resnetlab lab run examples/shortcuts_on_digits.py`: ResNet-20 of 8 channels with shortcuts A,
B and C, and plain-20, on digits of 8×8 pixels, eight seeds each, trained alike. Errors are in per cent of 397 test
images, so one image is 0.25. "Less A" is the mean of the differences seed by seed, with the intervals that exercise
`shortcut_ablation` computes: three comparisons, 5 % among them.

    option   parameters   error   best and worst seed   less A   interval
    A            67,906    2.08          1.51 to 2.52
    B            68,642    2.11          1.26 to 3.53     0.03   -1.02 to 1.08
    C            71,634    3.15          2.52 to 3.53     1.07    0.48 to 1.66
    plain        67,906    5.86          4.53 to 9.07     3.78    1.92 to 5.64

He et al. 2015, Table 3, on ImageNet with ResNet-34, one run each: A 25.03, B 24.52, C 24.19, plain 28.54.

Choose one letter for each question, and give it the question's name: FIRST = 'x' for choice x of the first.
"""

from __future__ import annotations

# FIRST. Is B better or worse than A here?
#    a. Worse: 2.11 is more than 2.08.
#    b. Better: its best seed, 1.26, is the best of all.
#    c. These runs do not tell: the interval has 0 in it, and a whole point on either side.
# --- fill in ---
FIRST = "c"  # not "they are equal" either: a difference of up to a point would look like this
# --- until here ---

# SECOND. C has the most parameters, and the highest error of the three.
#    a. Here C errs more than A. It contradicts the paper: C was best there.
#    b. Here C errs more than A, with these digits, this width and this schedule. The paper's runs are of other images.
#    c. More parameters make a network worse.
# --- fill in ---
SECOND = "b"  # the interval is above 0, so it is no luck of the seeds; what else it depends on was not varied
# --- until here ---

# THIRD. What of the skip itself: plain-20 has as many parameters as A?
#    a. With the same parameters it errs more: the skip is what differs, and its interval is far above 0.
#    b. Nothing, for the two intervals of A and plain would have to be compared.
#    c. The plain net is worse because its gradients vanish.
# --- fill in ---
THIRD = "a"  # one thing was changed, the rest is alike, and the differences were taken seed by seed
# --- until here ---
