"""Rows tell what was measured, are written whole or not at all, and are never edited."""

import dataclasses
import hashlib
import json

import pytest
import torch
from training import quiet_trainer

from rnnzoo.callbacks import BestCheckpoint, ResultRows, Throughput, read_rows, write_rows
from rnnzoo.contracts import ResultRow
from rnnzoo.data.digit_sum import DigitSum
from rnnzoo.registry import UnknownName
from rnnzoo.tasks.sequence_classification import SequenceClassifier

IDENTITY = {
    "table": "t", "spec": "0123", "label": "bag of words", "variant": {"length": 5}, "layer": "none", "task": "x",
    "data": "digit_sum", "data_version": "1", "seed": 3, "versions": {"torch": "2"}, "commit": "c", "dirty": False,
}  # fmt: skip


def row(**changes):
    base = dict.fromkeys((field.name for field in dataclasses.fields(ResultRow)), "x")
    numbers = dict.fromkeys(("seed", "n", "parameters", "steps", "peak_memory_bytes", "world_size", "schema"), 1)
    return ResultRow(**{**base, **numbers, "variant": {"length": 5}, "versions": {}, "value": 0.1, **changes})


def test_a_run_ends_in_a_row_for_each_metric_of_validation_and_test(tmp_path):
    data, path = DigitSum.tiny(), tmp_path / "rows.jsonl"
    task = SequenceClassifier(data.spec, "none", embedding_size=4)
    best, speed = BestCheckpoint(dirpath=tmp_path / "run"), Throughput()
    trainer = quiet_trainer(tmp_path, max_epochs=2, callbacks=[best, speed, ResultRows(path, IDENTITY)])
    trainer.fit(task, datamodule=data)
    seconds = speed.seconds
    (tested,) = trainer.test(task, datamodule=data, ckpt_path=best.best_model_path, verbose=False)
    rows = read_rows(path)
    assert [(r.split, r.metric, r.unit) for r in rows] == [
        (split, *metric)
        for split in ("validation", "test")
        for metric in (("accuracy", "fraction"), ("macro_f1", "fraction"), ("loss", "nats"))
    ]  # fmt: skip
    for r in rows:
        assert {name: getattr(r, name) for name in IDENTITY} == IDENTITY
        assert (r.n, r.steps, r.seconds, r.world_size) == (100, 2 * 38, seconds, 1)
        assert r.parameters == 10 * 4 + 4 * 19 + 19
        assert r.checkpoint_sha256 == hashlib.sha256((tmp_path / "run/best.ckpt").read_bytes()).hexdigest()
    assert rows[0].value == pytest.approx(float(best.best_model_score))
    assert [r.value for r in rows[3:]] == pytest.approx([tested[f"test/{r.metric}"] for r in rows[3:]])


def test_a_finished_run_is_refused_before_it_is_done_again(tmp_path):
    path = tmp_path / "rows.jsonl"
    write_rows(path, [row()])
    before = path.read_bytes()
    callbacks = [BestCheckpoint(dirpath=tmp_path), Throughput(), ResultRows(path, IDENTITY)]
    task = SequenceClassifier(DigitSum.tiny().spec, "none")
    with pytest.raises(FileExistsError, match="never edited"):
        quiet_trainer(tmp_path, max_steps=1, callbacks=callbacks).fit(task, datamodule=DigitSum.tiny())
    assert task.trainer.global_step == 0
    assert path.read_bytes() == before


def test_the_callbacks_it_reads_from_are_asked_for(tmp_path):
    trainer = quiet_trainer(tmp_path, max_steps=1, callbacks=[Throughput(), ResultRows(tmp_path / "r", IDENTITY)])
    with pytest.raises(RuntimeError, match="BestCheckpoint; add one"):
        trainer.fit(SequenceClassifier(DigitSum.tiny().spec, "none"), datamodule=DigitSum.tiny())


def test_rows_come_back_as_they_were(tmp_path):
    rows = [row(label="über", value=1 / 3), row(split="val", variant={})]
    write_rows(tmp_path / "a" / "1.jsonl", rows)
    write_rows(tmp_path / "a" / "0.jsonl", [row(seed=2)])
    assert read_rows(tmp_path / "a" / "1.jsonl") == rows
    assert read_rows(tmp_path) == [row(seed=2), *rows]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["0.jsonl", "1.jsonl"]


def test_rows_from_before_there_were_trials_are_still_read(tmp_path):
    new = dataclasses.asdict(row(trial={}, contest="", solved={}, compile={}))
    old = {key: value for key, value in new.items() if key not in ("trial", "contest", "solved", "compile")}
    (tmp_path / "rows.jsonl").write_text(json.dumps(old) + "\n")
    assert [dataclasses.asdict(found) for found in read_rows(tmp_path / "rows.jsonl")] == [new]


def test_working_folders_hold_no_results(tmp_path):
    write_rows(tmp_path / ".runs" / "1.jsonl", [row()])
    assert read_rows(tmp_path) == []


@pytest.mark.parametrize(("rows", "message"), [([], "no row"), ([row(value=float("nan"))], "x/x is nan")])
def test_what_is_no_result_is_not_written(tmp_path, rows, message):
    with pytest.raises(ValueError, match=message):
        write_rows(tmp_path / "1.jsonl", rows)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_never_overwritten(tmp_path):
    write_rows(tmp_path / "1.jsonl", [row()])
    with pytest.raises(FileExistsError, match=r"1\.jsonl"):
        write_rows(tmp_path / "1.jsonl", [row(seed=5)])
    assert read_rows(tmp_path) == [row()]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"table": ', r"1\.jsonl:2 is no JSON"),
        ("[1]", r"1\.jsonl:2 holds a list"),
        (json.dumps({**dataclasses.asdict(row()), "schema": 2}), "schema 2 and this rnnzoo reads up to 1; upgrade"),
        (json.dumps({**dataclasses.asdict(row()), "colour": 1}), r"unknown fields \['colour'\]"),
        ('{"table": "t"}', "lacks .*'checkpoint_sha256'"),
    ],
)
def test_damaged_rows_are_named_by_file_and_line(tmp_path, line, message):
    path = write_rows(tmp_path / "1.jsonl", [row()])
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(ValueError, match=message):
        read_rows(path)


def test_no_such_place_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_rows(tmp_path / "nowhere")


def test_an_incomplete_or_misspelt_identity_is_refused(tmp_path):
    with pytest.raises(ValueError, match="lacks table, seed"):
        ResultRows(tmp_path, {k: v for k, v in IDENTITY.items() if k not in ("table", "seed")})
    with pytest.raises(UnknownName, match="did you mean label"):
        ResultRows(tmp_path, {**IDENTITY, "labl": 1})


def test_nothing_of_a_checkpoint_but_its_bytes_is_hashed(tmp_path):
    from rnnzoo.callbacks.result_rows import _sha256

    torch.save({"a": 1}, tmp_path / "c.ckpt")
    assert _sha256(tmp_path / "c.ckpt") == hashlib.sha256((tmp_path / "c.ckpt").read_bytes()).hexdigest()
    assert _sha256(None) == ""
