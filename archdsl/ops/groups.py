"""Into how many equal groups channels can be split."""

from __future__ import annotations

from math import isqrt

FARTHEST = 10_000


def divisors(number: int) -> list[int]:
    """The divisors of a number in order; of a huge one those that are found in no time.

    divisors(12)      # [1, 2, 3, 4, 6, 12]
    """
    small = [n for n in range(1, min(isqrt(number), FARTHEST) + 1) if number % n == 0]
    return sorted({*small, *(number // n for n in small)})
