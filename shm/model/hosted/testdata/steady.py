"""Takes two seconds to be imported, and is at work all the time."""

import time

began = time.monotonic()
while time.monotonic() - began < 2:
    sum(range(200_000))
    time.sleep(0.03)


class Steady:
    get_density = get = set = step = print
