"""One file per claim; its name is its slug."""
