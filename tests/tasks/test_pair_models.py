"""Models of pairs and their data: what does not fit is refused; the recipes' models are as small as they must be."""

import pytest
import torch
from lightning.pytorch import Trainer

from rnnzoo.bench.table import load_table
from rnnzoo.contracts import Spec
from rnnzoo.data.parallel_text import ParallelText
from rnnzoo.data.reversal import Reversal
from rnnzoo.recipes import recipe_config
from rnnzoo.tasks._spec import check_same
from rnnzoo.tasks.sequence_to_sequence import SequenceToSequence

PRETRAINED_BYTES = 3_000_000  # a recipe's model and codec, weights in half precision


def spec_of(sources, targets):
    return Spec(
        kind="pair", input="tokens", input_size=sources, output_size=targets, padding_id=0, target_padding_id=0,
        begin=2, end=3, unknown=1, joint_vocabulary=False, streaming=False, version=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("recipe", "sources", "targets"), [("multi30k-deen", 2000, 2000), ("cmn-eng", 2360, 2000)]
)  # 2,360 characters are there at least twice
def test_a_recipes_model_is_small_enough_to_be_shipped(recipe, sources, targets):
    settings = recipe_config(recipe)
    assert settings["data"]["init_args"].get("target_vocabulary_size", targets) == targets
    with torch.device("meta"):
        task = SequenceToSequence(spec_of(sources, targets), **settings["model"])
    assert 2 * sum(parameter.numel() for parameter in task.parameters()) < PRETRAINED_BYTES - 200_000  # the codec's


@pytest.mark.parametrize("table", ["multi30k-deen", "tatoeba-cmn-eng", "story-qa"])
def test_every_entry_of_a_table_has_the_same_weights_with_memory_and_without(table):
    """The checks before a run build models on "meta"; what they find must be true of the models that are trained."""
    table = load_table(table)
    for entry in table.entries:
        settings = {**table.model, **entry.model, "embedding_size": 8, "hidden_size": 4, "decoder_hidden_size": 8}
        with torch.device("meta"):
            without = SequenceToSequence(spec_of(20, 30), layer=entry.layer, **settings)
        task = SequenceToSequence(spec_of(20, 30), layer=entry.layer, **settings)
        shapes = [{name: p.shape for name, p in one.named_parameters()} for one in (task, without)]
        assert shapes[0] == shapes[1]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (Reversal(letters=9, training=20, validation=5, test=5), "input_size is 13 and the model was built for 12"),
        (ParallelText.tiny(), "input_size is 18 and the model was built for 12"),
        (Reversal(letters=8, training=20, validation=5, test=5), None),
    ],
    ids=["more letters", "other data", "the same letters"],
)
def test_data_of_another_vocabulary_than_the_models_are_refused(data, message, tmp_path):
    task = SequenceToSequence(Reversal.tiny().spec, hidden_size=4, embedding_size=4)
    trainer = Trainer(
        accelerator="cpu", devices=1, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, default_root_dir=tmp_path,
    )  # fmt: skip
    if message is None:
        trainer.test(task, datamodule=data, verbose=False)
        return
    with pytest.raises(ValueError, match=message):
        trainer.test(task, datamodule=data, verbose=False)


def test_as_many_other_tokens_are_refused_too(tmp_path):
    """Ids would be read as other words, and nothing would seem wrong."""
    specs = []
    for number, word in enumerate(("one", "two")):
        path = tmp_path / f"{number}.tsv"
        path.write_text(f"a {word}\tb\n" * 20)
        specs.append(ParallelText(str(path), tokenizer="words").spec)
    assert specs[0]["input_size"] == specs[1]["input_size"]
    with pytest.raises(ValueError, match=r"the data's vocabulary is .* and the model was built for"):
        check_same(specs[1], specs[0])
