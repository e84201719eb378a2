"""What counts may be, with errors that name the argument."""

from __future__ import annotations


def check_positive(**numbers: int) -> None:
    """Refuse numbers below 1, by name.

    Raises:
        ValueError: as said.
    """
    for name, number in numbers.items():
        if number < 1:
            raise ValueError(f"{name} is {number}; expected at least 1.")


def check_positive_or_none(**numbers: int | None) -> None:
    """Refuse numbers below 1, by name, where there may be none at all.

    Raises:
        ValueError: as said.
    """
    for name, number in numbers.items():
        if number is not None and number < 1:
            raise ValueError(f"{name} is {number}; expected at least 1, or None.")
