"""Let a process that reads page after page keep the memory of one page for the next.

A page is larger than what the C library of Linux keeps when it is freed: each page would be asked from the system
anew and come back in pieces of 4 KiB filled with zeros, which takes as long as half of decoding it.
"""

import numpy as np

_KEPT_BYTES = 31 * 1024 * 1024  # an A3 page at 300 dpi has 17 million px; glibc learns no limit above 32 MiB


def keep_freed_memory() -> None:
    """Show the allocator how large blocks are here, by giving one back that was never written to.

    glibc then keeps freed blocks up to that size, and twice as much at the end of its heap; elsewhere nothing happens.
    """
    block = np.empty(_KEPT_BYTES, dtype=np.uint8)
    del block
