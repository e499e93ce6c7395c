"""Progress for people: one line each, with the seconds since the start."""

import sys
import time

START = time.monotonic()


def step(text):
    print(f"lab {time.monotonic() - START:6.1f}s  {text}", file=sys.stderr, flush=True)


def problem(text):
    print(f"lab: {text}", file=sys.stderr, flush=True)
