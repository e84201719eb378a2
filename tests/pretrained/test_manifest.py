import dataclasses
import json

import pytest

from rnnzoo.pretrained import PretrainedError, list_pretrained, load_pretrained, pretrained_entry
from rnnzoo.pretrained.manifest import (
    LARGEST,
    WEIGHTS_FOLDER,
    ManifestEntry,
    checked_directory,
    manifest,
    write_entry,
)
from rnnzoo.pretrained.tensors import sha256
from rnnzoo.registry import UnknownName

ENTRY = ManifestEntry(
    name="imdb-bilstm", description="", data="imdb", data_version="1", licence="", files={}, rows=[],
    measured={"test/accuracy": 0.5}, configuration={},
)  # fmt: skip


def chooses_the_likeliest(answers):
    for answer in answers:
        assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert answer.probability == max(answer.probabilities.values())


def finds_the_slots(answers):
    found = [{(span.label, span.text) for span in answer.spans} for answer in answers]
    assert found == [{("arrival", "北京"), ("date", "九月三号")}, {("departure", "北京")}]


EXAMPLES = {  # of each dataset: what a user gives, and what is owed
    "digit_sum": (["6700100000", "1900"], chooses_the_likeliest),
    "imdb": (["a wonderful film", "dreadful, boring and far too long"], chooses_the_likeliest),
    "tickets": (["我九月三号去北京", "我要离开北京，请订票"], finds_the_slots),
}


@pytest.fixture
def one_model(tmp_path, monkeypatch):
    path = tmp_path / "manifest.json"
    path.write_text('{"format": 1, "models": {}}')
    write_entry(ENTRY, path)
    monkeypatch.setattr(manifest, "__defaults__", (path,))
    return path


@pytest.mark.parametrize("name", list_pretrained())
def test_a_shipped_models_files_are_those_of_the_manifest_and_small(name):
    entry = pretrained_entry(name)
    directory = WEIGHTS_FOLDER / name
    assert set(entry.files) == {path.name for path in directory.iterdir()}
    for file, facts in entry.files.items():
        assert facts == {"sha256": sha256(directory / file), "bytes": (directory / file).stat().st_size}
    assert entry.bytes <= LARGEST
    assert entry.rows
    assert entry.licence


@pytest.mark.parametrize("name", list_pretrained())
def test_a_shipped_model_predicts_from_raw_input(name):
    raw, owed = EXAMPLES[pretrained_entry(name).data]
    owed(load_pretrained(name).predict(raw))


def test_every_folder_of_weights_is_in_the_manifest():
    folders = {path.name for path in WEIGHTS_FOLDER.iterdir()} if WEIGHTS_FOLDER.is_dir() else set()
    assert folders == set(list_pretrained())


def test_a_misspelt_name_gets_near_misses(one_model):
    for look_up in (pretrained_entry, load_pretrained):
        with pytest.raises(UnknownName, match="did you mean imdb-bilstm"):
            look_up("imbd-bilstm")


def test_names_are_chosen_by_a_pattern(one_model):
    write_entry(dataclasses.replace(ENTRY, name="digit-sum-lstm"), one_model)
    assert list_pretrained() == ["digit-sum-lstm", "imdb-bilstm"]
    assert list_pretrained("imdb*") == ["imdb-bilstm"]


def test_an_entry_comes_back_as_it_was_written(one_model):
    assert manifest() == {"imdb-bilstm": ENTRY}


def test_a_changed_file_is_found_before_it_is_read(one_model, tmp_path):
    folder = tmp_path / "weights"
    (folder / "imdb-bilstm").mkdir(parents=True)
    (folder / "imdb-bilstm" / "config.json").write_text("{}")
    write_entry(dataclasses.replace(ENTRY, files={"config.json": {"sha256": "0" * 64, "bytes": 2}}), one_model)
    with pytest.raises(PretrainedError, match="install rnnzoo again"):
        checked_directory("imdb-bilstm", folder)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": 2, "models": {}}', '{"format": 1, "models": {"x": {}}}']
)
def test_a_damaged_or_newer_manifest_is_refused(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(PretrainedError, match=r"manifest\.json"):
        manifest(tmp_path / "manifest.json")


def test_a_rewritten_manifest_keeps_its_form(one_model):
    before = one_model.read_text()
    write_entry(ENTRY, one_model)
    assert one_model.read_text() == before
    assert json.loads(before)["format"] == 1
