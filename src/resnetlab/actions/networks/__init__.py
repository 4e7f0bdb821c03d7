"""Networks by their references: found, made ready to look, given a new head."""
