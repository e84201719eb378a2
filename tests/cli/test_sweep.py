"""A recipe runs under the agent of a W&B sweep as it is: the sweep of the guide, with the agent's own command line."""

import re
from pathlib import Path

import pytest
import yaml
from wandb_alone import wandb_alone
from wandb_files import wandb_runs

from rnnzoo import cli

# the client of Weights & Biases leaves the file of a sweep's parameters open
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "wandb.md"
CHOSEN = {"model.layer": "gru", "model.hidden_size": 16, "model.learning_rate": 0.01}
SHORT = ["--data.length=5", "--trainer.max_epochs=1", "--trainer.check_val_every_n_epoch=1"]


def sweep():
    """The sweep that the guide shows."""
    return yaml.safe_load(re.search(r"```yaml\n(# sweep.yaml.+?)```", GUIDE.read_text("utf-8"), re.S).group(1))


def command_line(arguments):
    """As the agent fills in the sweep's command, and runs it."""
    from wandb.sdk.launch.sweeps import utils

    given = {name: {"value": value} for name, value in arguments.items()}
    variables = {**utils.create_sweep_command_args({"args": given}), "env": ["/usr/bin/env"]}
    parts = []
    for part in utils.create_sweep_command(sweep()["command"]):
        parts += variables[part[2:-1]] if part.startswith("${") else [part]
    return parts


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """What the run of a sweep has logged, and its folder."""
    from wandb.sdk.lib import config_util

    folder = tmp_path_factory.mktemp("sweep")
    chosen = folder / "config.yaml"
    config_util.save_config_file_from_dict(str(chosen), {key: {"value": value} for key, value in CHOSEN.items()})
    environment, program, *arguments = command_line(CHOSEN)
    assert (environment, program) == ("/usr/bin/env", "rnnzoo")
    agent = {"WANDB_SWEEP_ID": "s1", "WANDB_RUN_ID": "r1", "WANDB_SWEEP_PARAM_PATH": str(chosen)}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with wandb_alone(folder, WANDB_PROJECT="mine", **agent):
            assert cli.main([*arguments, *SHORT]) == 0
    (logged,) = wandb_runs(folder)
    return logged, folder


def test_the_run_is_the_one_that_the_agent_asked_for(swept):
    logged, folder = swept
    assert (logged.info.run_id, logged.info.sweep_id, logged.info.project) == ("r1", "s1", "mine")
    (run,) = (folder / "rnnzoo-runs" / "digit-sum-lstm").iterdir()
    assert run.name.endswith("-r1")


def test_the_settings_are_those_that_the_sweep_chose(swept):
    logged, _ = swept
    assert {key: logged.config[key] for key in CHOSEN} == CHOSEN
    model = logged.config["model"]
    assert (model["layer"], model["hidden_size"], model["learning_rate"]) == ("gru", 16, 0.01)
    assert logged.config["hyperparameters"]["layer"] == "gru"


def test_the_metric_that_the_sweep_looks_at_is_in_the_summary(swept):
    logged, _ = swept
    best = max(value for _, value in logged.curve("val/accuracy"))
    assert logged.summary[sweep()["metric"]["name"]] == best


def test_a_fit_has_its_pictures_its_model_and_its_curves(swept):
    logged, folder = swept
    assert {"pictures/confusion._type", "pictures/gates._type"} <= logged.history[-1].keys()
    assert {artifact.type for artifact in logged.artifacts} == {"dataset", "model"}
    (run,) = (folder / "rnnzoo-runs" / "digit-sum-lstm").iterdir()
    assert {"metrics.csv", "best.ckpt", "model", "pictures"} <= {path.name for path in run.iterdir()}
    assert not (run / "wandb-run-id").exists()
