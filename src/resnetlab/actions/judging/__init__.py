"""What `eval` and `predict` are made of: images on their way to a network, scores, and what was found."""
