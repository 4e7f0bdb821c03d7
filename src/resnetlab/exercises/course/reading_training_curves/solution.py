"""Reading: training curves.

Open 26_reading_training_curves.svg, which stands beside this file; any browser shows it. Where there is none, the
file's first lines say in words what is drawn. It was made by `resnetlab lab run skip_rescues_depth`: plain networks
and residual ones (option A), of 20 and of 56 layers, trained alike on digits of 8×8 pixels, eight seeds each. A point
is the training loss of an epoch, as a mean over the seeds; the band is the 95 % interval of that mean. The axis of
losses is logarithmic: equal heights are equal ratios.

Choose one letter for each question, and give it the question's name: FIRST = 'x' for choice x of the first.
"""

from __future__ import annotations

# FIRST. plain56 lies above plain20 from the second epoch on.
#    a. It overfits: 56 layers have more parameters than 20.
#    b. The deeper network fits the very images that it is trained on worse. That is no overfitting.
#    c. 56 layers cannot compute what 20 can.
# --- fill in ---
FIRST = "b"  # overfitting would be a low training loss beside a high test loss; He et al. call this degradation
# --- until here ---

# SECOND. resnet56 lies above resnet20 too.
#    a. In these eight epochs it is behind, and both lines still fall. Where they end is not shown.
#    b. So the skip does not help: depth costs a residual network as much as a plain one.
#    c. Deeper residual networks train worse.
# --- fill in ---
SECOND = "a"  # the plain pair is 14 times apart in the end, this one about 3; a longer training is another experiment
# --- until here ---

# THIRD. In the last epoch the band round resnet56 is drawn taller than the band round plain56.
#    a. So the mean loss of resnet56 is known less well, in nats, than that of plain56.
#    b. So 95 % of the runs of resnet56 end within its band.
#    c. On this axis heights are ratios: against its mean resnet56's band is the wider one, in nats it is the narrower.
# --- fill in ---
THIRD = "c"  # about 0.016 to 0.051 against 1.8 to 2.1: a ratio of 3 and of 1.2, a width of 0.04 and of 0.3
# --- until here ---
