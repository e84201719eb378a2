"""Minimal cells with random weights of a scale that moves their gates."""

import torch

FORMS = ("plain", "log")


def cell(kind, form="plain", *, bias=True, dtype=torch.float64):
    made = kind(3, 4, form=form, bias=bias, dtype=dtype)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn_like(parameter))
    return made
