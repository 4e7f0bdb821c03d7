"""Training: the plan, the loop, the evaluation."""

from resnetlab.training.loop import History, TrainingPlan, evaluate, train

__all__ = ["History", "TrainingPlan", "evaluate", "train"]
