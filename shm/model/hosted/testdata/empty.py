"""Nothing to run."""

X = 1
