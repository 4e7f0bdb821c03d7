"""What is looked at: the whole network at small widths, and its parameters at full width."""

from __future__ import annotations

from resnetlab.exercises.whole_networks import network_check

CHECK = network_check("ResNet20", "resnet20", sizes=(16, 20, 32), widths=(2, 4, 8), trials=4)
