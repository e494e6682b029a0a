"""Files that something happened to: seven ways of damaging bytes, over every kind of file that is read (FZ-1).

In:  whole files by name, a seed, how many. Out: Mutant after Mutant; the same seed gives the same bytes.
Nothing here knows how files are read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

OPERATORS = ("truncate", "bit", "bytes", "zeros", "insert", "swap", "header")


@dataclass(frozen=True)
class Mutant:
    """A damaged file: its name, what kind it was, what was done to it."""

    name: str
    kind: str
    operator: str
    data: bytes


def mutants(whole: Mapping[str, bytes], seed: int, count: int) -> Iterator[Mutant]:
    """`count` damaged files, kinds and operators in turn; `whole` has one file per suffix."""
    kinds = sorted(whole)
    for at in range(count):
        kind, operator = kinds[at % len(kinds)], OPERATORS[at // len(kinds) % len(OPERATORS)]
        rng = np.random.default_rng([seed, at])
        data = damage(whole[kind], operator, rng)
        suffix = kind.rpartition("-")[2]
        yield Mutant(f"{at:05d}-{kind}-{operator}.{suffix}", kind, operator, data)


def damage(data: bytes, operator: str, rng: np.random.Generator) -> bytes:
    """The bytes after one kind of accident. They always differ from what they were."""
    size = len(data)
    for _ in range(100):
        changed = _damage(bytearray(data), size, operator, rng)
        if changed != data:
            return changed
    raise ValueError(f"{operator} does not change these {size} bytes")


def _damage(data: bytearray, size: int, operator: str, rng: np.random.Generator) -> bytes:
    at = int(rng.integers(0, size))
    if operator == "truncate":
        del data[max(1, at) :]
    elif operator == "bit":
        data[at] ^= 1 << int(rng.integers(0, 8))
    elif operator == "bytes":
        for where in rng.integers(0, size, 20):
            data[int(where)] = int(rng.integers(0, 256))
    elif operator == "zeros":
        run = min(int(rng.integers(1, 4096)), size - at)
        data[at : at + run] = bytes(run)
    elif operator == "insert":
        data[at:at] = rng.bytes(int(rng.integers(1, 64)))
    elif operator == "swap":
        run = max(1, min(int(rng.integers(16, 2048)), size // 4))
        first, second = sorted(int(one) for one in rng.integers(0, size - 2 * run + 1, 2))
        second += run
        data[first : first + run], data[second : second + run] = data[second : second + run], data[first : first + run]
    elif operator == "header":
        for where in rng.integers(0, min(size, 256), 4):
            data[int(where)] = int(rng.integers(0, 256))
    else:
        raise KeyError(operator)
    return bytes(data)
