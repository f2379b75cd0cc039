"""Memory that nothing holds any more, given back to the system and to the card.

glibc raises the size from which a block gets a mapping of its own with each such block that is freed, up to 32 MiB
(mallopt(3), M_MMAP_THRESHOLD). After that, weights and caches lie in its heap between smaller blocks that live longer,
and what they leave is rarely reused: torch asks for aligned blocks, which glibc cuts from larger ones. In use stays the
same, resident memory grows. A fixed threshold of 128 KiB ends that too, but then each activation costs new pages:
reading a history took 1.6 times as long on a CPU.
"""

import ctypes
import gc
import sys

import torch

_trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None  # glibc alone has it


def give_back_memory() -> None:
    """After a model or many caches were let go of. Looks at every object of the process: nothing for each step."""
    gc.collect()  # modules refer to each other in circles
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    trim_heap()


def trim_heap() -> None:
    """Give whole free pages of the C library's heap back; takes milliseconds."""
    if _trim:
        _trim(0)
