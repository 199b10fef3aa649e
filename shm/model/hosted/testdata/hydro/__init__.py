"""A package that does not import."""
raise RuntimeError("no licence")
