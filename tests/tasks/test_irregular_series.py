"""Series with irregular times and missing values, read by the layers that were made for them."""

import pytest
import torch
from tolerances import close
from training import LIGHTNINGS_OWN, quiet_trainer

from rnnzoo.data.irregular_sines import IrregularSines
from rnnzoo.recurrent import create_layer
from rnnzoo.tasks.sequence_classification import SequenceClassifier

pytestmark = [pytest.mark.filterwarnings(warning) for warning in LIGHTNINGS_OWN]


@pytest.mark.parametrize(
    ("form", "layer", "options"),
    [
        ("observed", "gru_d", {"missing": True}),
        ("gap", "cfc", {"time_gap": True}),
        ("gap", "ltc", {"time_gap": True}),
        ("time", "phased_lstm", {"timestamps": True}),
    ],
)
def test_the_forms_are_what_the_layers_of_irregular_times_take(form, layer, options):
    """And what stands where a value is missing changes nothing, for a layer that does not look at it."""
    data = IrregularSines.tiny()
    data.form = form
    batch = data.splits["train"][range(4)]
    module = create_layer(layer, data.spec["input_size"], 5, batch_first=True, backend="reference", **options)
    outputs, _ = module(batch.inputs, lengths=batch.lengths)
    assert outputs.isfinite().all()
    if layer == "gru_d":
        values, mask, _ = batch.inputs.chunk(3, -1)
        other = torch.cat([torch.where(mask > 0.5, values, 7.0), batch.inputs[..., 2:]], -1)
        close(module(other, lengths=batch.lengths)[0], outputs)


def test_gru_d_tells_slow_swings_from_quick_ones(tmp_path):
    """Of two classes, where half of the values are missing; chance is one half."""
    data = IrregularSines(classes=2, channels=2, shortest=15, longest=25, training=800, validation=50, test=200)
    torch.manual_seed(0)
    task = SequenceClassifier(
        data.spec, layer="gru_d", hidden_size=16, embedding="none", layer_options={"missing": True}, learning_rate=0.02,
        pooling="mean",
    )  # fmt: skip
    trainer = quiet_trainer(tmp_path, max_epochs=6)
    trainer.fit(task, datamodule=data)
    trainer.test(task, datamodule=data, verbose=False)
    assert task.results["test"]["accuracy"].value > 0.8
    raw = [(one.times, one.values) for one in data.series["test"][:20]]
    right = [answer.label == one.label for answer, one in zip(task.predict(raw), data.series["test"], strict=False)]
    assert sum(right) >= 14
