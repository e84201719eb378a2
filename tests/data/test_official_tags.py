"""SNIPS, WNUT 2017 and Weibo NER, from small files of the same formats; and fetching several files."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rnnzoo.data import snips, weibo_ner, wnut17
from rnnzoo.data._files import DamagedFile, MissingData, find_or_fetch_all, sha256_of
from rnnzoo.data.snips import Snips
from rnnzoo.data.weibo_ner import WeiboNer
from rnnzoo.data.wnut17 import Wnut17
from rnnzoo.registry import CODECS

SNIPS = {
    "seq.in": "play Blue Sky \nrate it  5\n",
    "seq.out": "O B-album I-album \nO O B-rating_value\n",
    "label": "PlayMusic\nRateBook\n",
}
WNUT = "Hi\tO\nEmpire\tB-location\nState\tI-location\n\t\nx2\tO\n"
WEIBO = "科0\tB-ORG.NAM\n技1\tI-ORG.NAM\n\ufffd\ufffd0\tO\n310\tO\n\n人0\tB-PER.NOM\n"


@pytest.fixture
def put(tmp_path, monkeypatch):
    """Writes files, and makes their checksums the official ones."""

    def write(module, contents):
        for name, content in contents.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content, encoding="utf-8")
        monkeypatch.setattr(module, "SHA256", {name: sha256_of(tmp_path / name) for name in contents})
        return str(tmp_path)

    return write


def all_snips(**changed):
    parts = {**SNIPS, **changed}
    return {f"{folder}/{name}": content for folder in ("train", "valid", "test") for name, content in parts.items()}


def test_snips_has_words_tags_and_the_intent_of_each_line(put):
    data = Snips(dir=put(snips, all_snips()), characters=4)
    spec = data.spec
    assert spec["intents"] == ["PlayMusic", "RateBook"]
    assert spec["labels"] == ["O", "B-album", "I-album", "B-rating_value", "I-rating_value"]
    batch = data.splits["train"][[0, 1]]
    assert batch.targets["intent"].tolist() == [0, 1]
    assert batch.targets["tags"].tolist() == [[0, 1, 2], [0, 0, 3]]
    state = data.codec_state()
    codec = CODECS.create(state.pop("codec"), **state)
    assert codec.decode(batch.inputs["words"][0].tolist()) == ["play", "blue", "sky"]
    assert codec.encode(["Play BLUE sky"]).inputs["words"].tolist() == batch.inputs["words"][:1].tolist()
    plain = Snips(dir=data.dir, intents=False)
    assert "intents" not in plain.spec
    assert plain.splits["train"][[0]].targets.tolist() == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"seq.out": "O B-album\nO O B-x\n"}, DamagedFile, r"seq\.in, line 1: 3 words, and seq\.out has 2 tags"),
        ({"label": "PlayMusic\n"}, DamagedFile, r"seq\.in has 2, .*label has 1 lines; expected as many"),
        ({"label": "PlayMusic\n \n"}, DamagedFile, r"label, line 2: empty; expected the intent"),
        ({"seq.out": "O X I-album\nO O B-x\n"}, ValueError, "'X' is no tag of IOB2"),
        ({"seq.in": "a b c\n\n", "seq.out": "O O O\n\n"}, ValueError, r"seq\.in: a sentence of length 0"),
    ],
)
def test_lines_of_snips_that_do_not_fit_are_named(put, changed, error, message):
    with pytest.raises(error, match=message):
        _ = Snips(dir=put(snips, all_snips(**changed))).spec


def test_wnut_has_columns_and_lines_of_blanks_between_sentences(put):
    data = Wnut17(dir=put(wnut17, dict.fromkeys(wnut17.SHA256, WNUT)))
    assert [(each.words, each.tags) for each in data.read()["test"]] == [
        (["Hi", "Empire", "State"], ["O", "B-location", "I-location"]),
        (["x2"], ["O"]),
    ]
    assert "x0" in data.codec_state()["vocabulary"]


def test_weibo_has_characters_and_if_asked_their_places_in_words(put):
    folder = put(weibo_ner, dict.fromkeys(weibo_ner.SHA256, WEIBO))
    bare, placed = WeiboNer(dir=folder), WeiboNer(dir=folder, positions=True, characters=1)
    assert [each.words for each in bare.read()["train"]] == [["科", "技", "\ufffd\ufffd", "3"], ["人"]]
    assert [each.words for each in placed.read()["train"]] == [["科0", "技1", "\ufffd\ufffd0", "310"], ["人0"]]
    state = placed.codec_state()
    codec = CODECS.create(state.pop("codec"), **state)
    made, own = codec.encode([["科技"], ["人"]]), placed.splits["train"][[0, 1]]
    for name in ("words", "characters"):
        assert made.inputs[name][0, :2].tolist() == own.inputs[name][0, :2].tolist()
        assert made.inputs[name][1, 0].tolist() == own.inputs[name][1, 0].tolist()


def test_a_step_of_weibo_without_its_place_is_named(put):
    with pytest.raises(DamagedFile, match=r"line 2: '技'; expected a character and the number of its place"):
        _ = WeiboNer(dir=put(weibo_ner, dict.fromkeys(weibo_ner.SHA256, WEIBO.replace("技1", "技")))).spec


@pytest.mark.parametrize("module", [snips, wnut17, weibo_ner])
def test_another_checksum_is_said_before_anything_is_read(put, monkeypatch, module):
    contents = dict.fromkeys(module.SHA256, "a\tO\n")
    target = {snips: Snips, wnut17: Wnut17, weibo_ner: WeiboNer}[module]
    official = dict(module.SHA256)
    folder = put(module, contents)
    monkeypatch.setattr(module, "SHA256", official)
    with pytest.raises(DamagedFile, match=f"expected {next(iter(official.values()))}"):
        _ = target(dir=folder).spec


@pytest.mark.parametrize("target", [Snips, Wnut17, WeiboNer])
def test_missing_files_name_the_official_source(tmp_path, target):
    with pytest.raises(MissingData, match=r"https://raw\.githubusercontent\.com/"):
        _ = target(dir=str(tmp_path / "empty"), download=False).spec


def test_several_files_are_fetched_into_their_folders_checked_and_found_again(tmp_path, monkeypatch):
    monkeypatch.delenv("RNNZOO_DATA", raising=False)
    for name in ("one/a", "two/a"):
        path = tmp_path / "web" / "set" / name
        path.parent.mkdir(parents=True)
        path.write_text(name)
    files = {name: sha256_of(tmp_path / "web" / "set" / name) for name in ("one/a", "two/a")}

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "web")))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/set"
    first = find_or_fetch_all("letters", files, directory=None, url=url, download=True)
    server.shutdown()
    thread.join()
    server.server_close()
    assert {name: path.read_text() for name, path in first.items()} == {"one/a": "one/a", "two/a": "two/a"}
    assert find_or_fetch_all("letters", files, directory=None, url=url, download=False) == first
    first["two/a"].write_text("other")
    with pytest.raises(DamagedFile, match=r"two/a \(5 bytes\) has SHA-256"):
        find_or_fetch_all("letters", files, directory=None, url=url, download=False)
