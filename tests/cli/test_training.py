"""`fit` leaves a model that `predict` and `test` understand; other data and layers fit into a recipe by name."""

import json
import re
from pathlib import Path

import pytest

from rnnzoo import cli
from rnnzoo.recipes import create_model, list_recipes, recipe_config
from rnnzoo.registry import DATA, TASKS, UnknownName

SMALL = ("--config", "digit-sum-lstm", "--data.length", "5", "--trainer.check_val_every_n_epoch", "1", "--wandb", "off")


def fit(capsys, *arguments):
    assert cli.main(["fit", *arguments]) == 0
    told = capsys.readouterr().out
    return {key: Path(path) for key, path in re.findall(r"^(run|model): (.+)$", told, flags=re.M)}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_fit_predict_and_test_go_together(here, capsys):
    made = fit(capsys, *SMALL, "--trainer.max_epochs", "2", "--model.layer=gru", "--model.layer_options", "{}")
    assert made["run"].parent == Path("rnnzoo-runs/digit-sum-lstm")
    config = json.loads((made["model"] / "config.json").read_text())
    assert config["arguments"]["layer"] == "gru"
    assert cli.main(["predict", str(made["model"]), "12000", "99000", "--json"]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["text"] for answer in answers] == ["12000", "99000"]
    assert sum(answers[0]["probabilities"].values()) == pytest.approx(1.0, abs=1e-5)
    checkpoint = str(made["run"] / "best.ckpt")
    assert (
        cli.main(["test", *SMALL, "--model.layer=gru", "--model.layer_options", "{}", "--ckpt_path", checkpoint]) == 0
    )
    assert "test/accuracy" in capsys.readouterr().out


def test_the_model_of_the_best_checkpoint_is_the_one_that_is_left(here, capsys):
    import torch
    from safetensors.torch import load_file

    made = fit(capsys, *SMALL, "--trainer.max_epochs", "3", "--run-dir", "mine")
    assert made["run"] == Path("mine")
    best = torch.load("mine/best.ckpt", weights_only=True)["state_dict"]
    kept = load_file(made["model"] / "model.safetensors")
    assert all(torch.equal(kept[name], best[name]) for name in kept)


def test_a_users_own_file_fits_into_a_recipe(here, capsys):
    rows = [f"{'good' if i % 2 else 'bad'} film number {i},{'yes' if i % 2 else 'no'}" for i in range(40)]
    (here / "reviews.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    sizes = ("--model.hidden_size", "4", "--model.embedding_size", "4", "--trainer.max_epochs", "1", "--wandb", "off")
    made = fit(capsys, "--config", "imdb-bilstm", "--data", "text_csv", "--data.path", "reviews.csv", *sizes)
    assert cli.main(["predict", str(made["model"]), "a good film"]) == 0
    assert capsys.readouterr().out.split("\t")[0] in ("yes", "no")


def test_every_recipe_names_things_that_are_there():
    assert {"digit-sum-lstm", "imdb-bilstm"} <= set(list_recipes())
    for name in list_recipes():
        config = recipe_config(name)
        assert config["description"]
        assert config["task"] in TASKS
        assert config["data"]["class_path"] in DATA


def test_create_model_gives_a_recipes_task_with_what_differs():
    model = create_model("digit-sum-lstm", layer="srn", hidden_size=16)
    assert (model.hparams["layer"], model.hparams["hidden_size"], model.hparams["embedding_size"]) == ("srn", 16, 32)
    assert model.labels[-1] == "18"
    with pytest.raises(UnknownName, match="did you mean digit-sum-lstm"):
        create_model("digit-sum-lstn")
