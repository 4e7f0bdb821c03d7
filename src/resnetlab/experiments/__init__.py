"""Claims about residual networks as experiments: what a claim is, what runs it, what judges it."""
