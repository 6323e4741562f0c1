"""A figure that an issue sets a bound for, and whether it holds."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Judged:
    """`shown`: the figure in words; `value` and `at_most`: what is compared; `bound`: that in words."""

    shown: str
    value: float
    at_most: float
    bound: str

    @property
    def holds(self) -> bool:
        return self.value <= self.at_most

    def __str__(self) -> str:
        return f"{self.shown}   (judged: {self.bound}: {'yes' if self.holds else 'NO'})"


def exit_code(judged: Iterable[Judged], *faults: str) -> int:
    """0 only where every bound holds and nothing made the measurement itself worthless."""
    return int(any(faults) or not all(one.holds for one in judged))
