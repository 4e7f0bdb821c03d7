"""The questions of the quiz by topic, and the checklist."""

from resnetlab.exercises.questions.batch_norm import BATCH_NORM
from resnetlab.exercises.questions.blocks import BLOCKS
from resnetlab.exercises.questions.checklist import CHECKLIST
from resnetlab.exercises.questions.depth import DEPTH
from resnetlab.exercises.questions.gradients import GRADIENTS
from resnetlab.exercises.questions.practice import PRACTICE
from resnetlab.exercises.questions.sizes import SIZES

QUESTIONS = (*DEPTH, *GRADIENTS, *BLOCKS, *SIZES, *BATCH_NORM, *PRACTICE)

__all__ = ["CHECKLIST", "QUESTIONS"]
