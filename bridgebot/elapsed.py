"""A clock for how long something lasts that goes on while the machine sleeps.

``time.monotonic`` stands still on Linux while a laptop or a virtual machine is suspended: an hour
in which nobody listened would look like a moment, and a lease like one that still lasts.
"""

from __future__ import annotations

import time

_BOOT = getattr(time, "CLOCK_BOOTTIME", None)


def elapsed() -> float:
    """Tell the seconds since some moment of the past."""
    return time.monotonic() if _BOOT is None else time.clock_gettime(_BOOT)
