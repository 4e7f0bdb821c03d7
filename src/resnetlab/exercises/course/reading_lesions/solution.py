"""Reading: a lesion study.

Open 27_reading_lesions.svg, which stands beside this file; any browser shows it. Where there is none, the file's first
lines say in words what is drawn. It was made by `resnetlab lab run lesion_one_block`: from trained networks one block
at a time was taken out and put back, eight seeds each, and the error on 256 test images of ten digits was measured.
The axis has what that adds, in points of a hundred. Whole, plain20 has 6 % wrong, resnet20 2 % and resnet56 4 %;
guessing has 90 %. "BN anew" is the same lesion, after the running statistics of all batch norms were measured again
without the block.

Choose one letter for each question, and give it the question's name: FIRST = 'x' for choice x of the first.
"""

from __future__ import annotations

# FIRST. plain20 lies near 80 at each of its seven blocks.
#    a. Whichever block is taken out, what is left is little better than guessing.
#    b. Each block does 80 % of the network's work.
#    c. Plain networks of 20 layers have 80 % wrong.
# --- fill in ---
FIRST = "a"  # 6 and 80 are 86 of a hundred, guessing has 90: no layer finds what it was trained to be given
# --- until here ---

# SECOND. "resnet20, BN anew" lies below "resnet20" at six of the seven blocks, at the first by far.
#    a. The network has learned again to do without the block.
#    b. Batch norm is what makes a network bear the loss of a block.
#    c. Part of the damage was that statistics no longer fitted. The rest is the block itself.
# --- fill in ---
SECOND = "c"  # no weight was changed; plain20 got new statistics too, and hardly gains by them
# --- until here ---

# THIRD. In resnet56 the first blocks cost up to 50 points, and none of those behind the sixth costs more than one.
#    a. The blocks behind the sixth can be taken out all together.
#    b. Each of them alone is hardly missed. Why that is so, and what several cost at once, is not shown.
#    c. A network of six blocks would have been as good.
# --- fill in ---
THIRD = "b"  # one at a time, after training: several at once and a smaller network are experiments of their own
# --- until here ---
