"""What is looked at: the whole network at small widths, and its parameters at full width."""

from __future__ import annotations

from resnetlab.exercises.whole_networks import network_check

CHECK = network_check("ResNet50", "resnet50", sizes=(64, 75), widths=(2, 4), trials=3)
