"""The version of the package and of the program, and of what the two say to each other; nothing else holds the first."""

__version__ = "0.1.0"

PROTOCOL = 1  # of shm/PROTOCOL.md; shm.Protocol is the same for the program
