"""Every layer that declares it leaves as ONNX: other rows, other steps, ragged lengths, whole and in pieces.

CI takes one layer a kind; ``RNNZOO_EXPORT_ALL=1 pytest tests/exporting/test_every_layer.py`` all of them, in minutes.
"""

import os

import onnx
import pytest
import torch
from running import Ran, agree, flat, noisy_layer

import rnnzoo
from rnnzoo.registry import LAYERS

ENTRIES = [entry for entry in LAYERS.entries() if entry.exportable]
FIRST_OF_KIND = {entry.kind: entry.name for entry in reversed(ENTRIES)}


TRIED = ENTRIES if os.environ.get("RNNZOO_EXPORT_ALL") else [e for e in ENTRIES if FIRST_OF_KIND[e.kind] == e.name]


@pytest.mark.parametrize("entry", TRIED, ids=lambda entry: entry.name)
@torch.no_grad()
def test_onnx_is_the_layer_at_every_batch_and_time(entry, tmp_path):
    layer = noisy_layer(entry)
    ran = Ran(rnnzoo.export(layer, tmp_path / "out"))
    onnx.checker.check_model(str(ran.path), full_check=True)
    given = {port.name: port.shape for port in ran.session.get_inputs()}
    assert given["x"] == ["batch", "time", layer.input_size]
    assert given["lengths"] == ["batch"]
    assert [port.name for port in ran.session.get_outputs()] == [port["name"] for port in ran.outputs]

    x = torch.randn(6, 11, layer.input_size)
    start = ran.initial_state(6)
    y, hx = layer(x)
    whole = ran(x, torch.full((6,), 11), *start)
    agree(whole, [y, *flat(hx)], "whole")

    pieces, states = [], start
    for piece in x.split([4, 1, 6], 1):
        found, *states = ran(piece, torch.full((6,), piece.shape[1]), *states)
        pieces.append(found)
    agree([torch.cat(pieces, 1), *states], whole, "in pieces")

    lengths = torch.tensor([11, 1, 5, 10, 2, 7])
    ragged = x.clone()
    for row, length in enumerate(lengths):
        ragged[row, length:] = float("nan")
    y, final = layer(x, hx, lengths)
    agree(ran(ragged, lengths, *flat(hx)), [y, *flat(final)], "ragged, from a state")
    agree(
        ran(x[:1, :1], torch.tensor([1]), *ran.initial_state(1)),
        [layer(x[:1, :1])[0], *flat(layer(x[:1, :1])[1])],
        "one",
    )


def test_sixty_layers_and_more_declare_it():
    assert len(ENTRIES) >= 60
