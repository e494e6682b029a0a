"""Work for the executors' tests, importable by spawned workers."""

import os
import signal
import sys
import time


def double(number: int) -> int:
    """Honest work."""
    return 2 * number


def double_or_trouble(number: int) -> int:
    """13 kills its worker, 17 aborts, 19 sleeps forever, 23 raises."""
    if number == 13:
        os.kill(os.getpid(), signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    if number == 17:
        os.abort()
    if number == 19:
        time.sleep(3600)
    if number == 23:
        raise ValueError("twenty-three")
    return 2 * number


def big(number: int) -> bytes:
    """More than any pipe holds."""
    return bytes([number]) * 2_000_000


def loaded_modules(_number: int) -> list[str]:
    """What a worker has imported."""
    return sorted(sys.modules)


def page_faults(rounds: int) -> int:
    """How many pieces of memory the system had to hand out while so many A4 pages were made and let go."""
    import resource

    import numpy as np

    np.zeros(4_000_000, dtype=np.uint8)[:] = 1
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(rounds):
        pages = [np.empty(4_000_000, dtype=np.uint8) for _ in range(2)]
        for page in pages:
            page[:] = 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def priority(_number: int) -> int:
    """How far behind others the system puts this process: its niceness, on Windows its priority class."""
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        return kernel.GetPriorityClass(kernel.GetCurrentProcess())
    return os.getpriority(os.PRIO_PROCESS, 0)
