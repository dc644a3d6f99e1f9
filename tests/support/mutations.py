"""What happens to bytes on the way, or at the hands of somebody who means harm."""

import random
from collections.abc import Callable, Sequence


def flipped(rng: random.Random, data: bytearray, _: bytes) -> bytearray:
    for _bit in range(rng.choice([1, 1, 1, 2, 8])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def overwritten(rng: random.Random, data: bytearray, _: bytes) -> bytearray:
    at = rng.randrange(len(data))
    data[at : at + rng.randint(1, 4)] = rng.randbytes(rng.randint(1, 4))
    return data


def shortened(rng: random.Random, data: bytearray, _: bytes) -> bytearray:
    at = rng.randrange(len(data))
    del data[at : at + rng.choice([1, 2, 8, len(data)])]
    return data


def lengthened(rng: random.Random, data: bytearray, _: bytes) -> bytearray:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.choice([rng.randbytes(rng.randint(1, 9)), bytes(data[at : at + 8])])
    return data


def spliced(rng: random.Random, data: bytearray, other: bytes) -> bytearray:
    at = rng.randrange(len(data))
    return bytearray(data[:at] + other[at:])


def headed(rng: random.Random, data: bytearray, _: bytes) -> bytearray:
    data[rng.randrange(2)] = rng.randrange(256)
    return data


MUTATIONS: list[Callable[[random.Random, bytearray, bytes], bytearray]] = [
    flipped,
    overwritten,
    shortened,
    lengthened,
    spliced,
    headed,
]


def mutated(rng: random.Random, good: Sequence[bytes]) -> bytes:
    data = bytearray(rng.choice(good))
    return bytes(rng.choice(MUTATIONS)(rng, data, rng.choice(good)))
