"""Networks by name, and the state dicts that fill them."""

from resnetlab.weights.create import create_model

__all__ = ["create_model"]
