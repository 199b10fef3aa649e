"""Python's own client, for comparison: the work of the benchmark's Go client.

    python bench.py PORT KEY

Reads lines "poll SECONDS", "drain N" or "paced HZ SECONDS" and prints, as
JSON, how many calls or messages a second, and the calls' latencies at p50 and
p99 in microseconds.
"""
import json
import multiprocessing.managers
import queue
import sys
import time


class Manager(multiprocessing.managers.BaseManager):
    pass


Manager.register("napari_data")
Manager.register("napari_messages")


def main():
    m = Manager(("127.0.0.1", int(sys.argv[1])), authkey=sys.argv[2].encode())
    m.connect()
    data, messages = m.napari_data(), m.napari_messages()
    print("{}", flush=True)
    for line in sys.stdin:
        what, *numbers = line.split()
        took, n = [], 0
        start = time.perf_counter()
        if what == "poll":
            while time.perf_counter() - start < float(numbers[0]):
                t = time.perf_counter()
                data.get("poll")
                took.append(time.perf_counter() - t)
            n = len(took)
        elif what == "paced":
            hz, seconds = map(float, numbers)
            while time.perf_counter() - start < seconds:
                t = time.perf_counter()
                data.get("poll")
                took.append(time.perf_counter() - t)
                n += 1
                time.sleep(max(0, start + n / hz - time.perf_counter()))
        else:
            while n < int(numbers[0]):
                try:
                    messages.get_nowait()
                    n += 1
                except queue.Empty:
                    break
        elapsed = time.perf_counter() - start
        took = sorted(took) or [0]
        print(json.dumps({"rate": n / elapsed, "p50": took[len(took) // 2] * 1e6, "p99": took[len(took) * 99 // 100] * 1e6, "calls": n}), flush=True)


if __name__ == "__main__":
    main()
