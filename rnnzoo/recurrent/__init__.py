"""Depth, direction and dropout around any cell, behind the contract of ``torch.nn.LSTM``."""

from rnnzoo.recurrent.gates import gate_values
from rnnzoo.recurrent.recurrent import Recurrent, create_layer, list_layers

__all__ = ["Recurrent", "create_layer", "gate_values", "list_layers"]
