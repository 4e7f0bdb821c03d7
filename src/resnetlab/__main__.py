"""`python -m resnetlab` is `resnetlab`."""

from resnetlab.cli import entry

entry()
