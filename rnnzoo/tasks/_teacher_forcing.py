"""How much of a target a decoder is shown while it learns: scheduled sampling.

S. Bengio, O. Vinyals, N. Jaitly, N. Shazeer, "Scheduled Sampling for Sequence Prediction with Recurrent Neural
Networks", 2015, arXiv:1506.03099: each token is the true one with probability epsilon, else the model's own.
"""

from __future__ import annotations

import math

from rnnzoo.registry import unknown

SCHEDULES = ("constant", "linear", "inverse_sigmoid")


class TeacherForcing:
    """epsilon at each step i of the optimiser, from ``start`` towards ``end``.

    constant: start. linear: it reaches ``end`` in ``steps`` steps and stays there. inverse_sigmoid:
    k / (k + exp(i / k)) of the way is left, k = ``steps``; the half is gone at i = k ln k.

    Args:
        start, end: epsilon, 0 to 1.
        schedule: "constant", "linear" or "inverse_sigmoid".
        steps: see above; at least 1 where epsilon changes.

    Raises:
        UnknownName: no such schedule.
        ValueError: a number is out of range.
    """

    def __init__(self, start: float, schedule: str = "constant", end: float = 0.0, steps: int = 0) -> None:
        if schedule not in SCHEDULES:
            raise unknown("teacher_forcing_schedule", schedule, SCHEDULES)
        for name, value in (("teacher_forcing", start), ("teacher_forcing_end", end)):
            if not 0 <= value <= 1:
                raise ValueError(f"{name} is {value}; expected a probability from 0 to 1.")
        if schedule != "constant" and steps < 1:
            raise ValueError(
                f"teacher_forcing_steps is {steps} and the schedule is '{schedule}'; expected how many steps it takes."
            )
        self.start, self.end, self.schedule, self.steps = start, end, schedule, steps

    def at(self, step: int) -> float:
        """epsilon after so many steps."""
        if self.schedule == "constant":
            return self.start
        if self.schedule == "linear":
            left = max(0.0, 1 - step / self.steps)
        else:
            left = self.steps / (self.steps + math.exp(min(step / self.steps, 700.0)))  # more is no float
        return self.end + (self.start - self.end) * left
