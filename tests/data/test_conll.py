"""Files of columns in the formats of CoNLL, Universal Dependencies and MSRA; and files that are none."""

import gzip

import pytest

from rnnzoo.data._conll import Columns, read_columns
from rnnzoo.data._files import DamagedFile, MissingData

CONLL_2003 = """-DOCSTART- -X- -X- O

EU NNP I-NP I-ORG
rejects VBZ I-VP O
German JJ I-NP I-MISC
call NN I-NP O

Peter NNP I-NP I-PER
"""
CONLL_U = """# newdoc id = weblog
# sent_id = 1
# text = vámonos al mar
1-2\tvámonos\t_\t_\t_\t_\t_\t_\t_\t_
1\tvamos\tir\tVERB\t_\t_\t0\troot\t_\t_
2\tnos\tnosotros\tPRON\t_\t_\t1\tobj\t_\t_
3-4\tal\t_\t_\t_\t_\t_\t_\t_\t_
3\ta\ta\tADP\t_\t_\t5\tcase\t_\t_
4\tel\tel\tDET\t_\t_\t5\tdet\t_\t_
4.1\tgran\tgrande\tADJ\t_\t_\t_\t_\t5:amod\t_
5\tmar\tmar\tNOUN\t_\t_\t1\tobl\t_\tSpaceAfter=No

# sent_id = 2
1\t10 000\t10 000\tNUM\t_\t_\t0\troot\t_\t_
2\t# 1\t#\tSYM\t_\t_\t1\tdep\t_\t_
"""


@pytest.fixture
def write(tmp_path):
    def to_file(content, name="a.conll"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return to_file


def read(path, *args, **settings):
    return [(each.words, each.tags) for each in read_columns(path, Columns(*args, **settings))]


def test_conll_2003_whose_documents_begin_with_a_line_of_their_own(write):
    path = write(CONLL_2003)
    expected = [
        (["EU", "rejects", "German", "call"], ["I-ORG", "O", "I-MISC", "O"]),
        (["Peter"], ["I-PER"]),
    ]
    assert read(path, scheme="IOB1") == expected
    assert [tags for _, tags in read(path, tag=2, scheme="IOB1")] == [["I-NP", "I-VP", "I-NP", "I-NP"], ["I-NP"]]
    assert read(path, tag=1)[0][1] == ["NNP", "VBZ", "JJ", "NN"]
    assert [each.lines for each in read_columns(path, Columns())] == [[3, 4, 5, 6], [8]]


def test_conll_u_has_words_alone_without_ranges_and_empty_nodes(write):
    expected = [
        (["vamos", "nos", "a", "el", "mar"], ["VERB", "PRON", "ADP", "DET", "NOUN"]),
        (["10 000", "# 1"], ["NUM", "SYM"]),
    ]
    assert read(write(CONLL_U), "FORM", "UPOS") == expected
    relations = read(write(CONLL_U), "LEMMA", "DEPREL")
    assert relations[0] == (["ir", "nosotros", "a", "el", "mar"], ["root", "obj", "case", "det", "obl"])


def test_a_first_line_may_name_other_columns(write):
    path = write("# global.columns = ID FORM PARSEME:MWE\n1\ttake\t1\n2\tplace\t1\n")
    assert read(path, "FORM", "PARSEME:MWE") == [(["take", "place"], ["1", "1"])]


def test_characters_of_any_script_are_steps_and_only_ascii_blanks_divide(write):
    words = ["科", "\u3000", "\u00a0", "e\u0301", "👩\u200d🚀", "שָׁלוֹם", "\u200f", "#", "\ufeff", "\u2028"]
    for blank, separator in (("\t", None), (" ", None), ("   ", None), (" \t ", "blanks")):
        content = "\n".join(f"{word}{blank}B-x" for word in words)
        assert read(write(content), separator=separator, scheme="BMES") == [(words, ["B-x"] * len(words))]


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
@pytest.mark.parametrize("end", ["", "\n", "\n\n\n"])
@pytest.mark.parametrize("line", ["\n", "\r\n"])
def test_line_ends_byte_order_marks_and_blank_lines_change_nothing(write, name, end, line):
    content = f"\n\n\ufeffa\tO\nb\tO\n\t\n \t \n\nc\tO{end}".removeprefix("\n\n").replace("\n", line).encode()
    path = write(gzip.compress(content) if name.endswith("gz") else content, name)
    assert read(path) == [(["a", "b"], ["O", "O"]), (["c"], ["O"])]


def test_lines_that_begin_as_comments_are_left_out_where_there_are_such(write):
    path = write("# a b\n#tag O\nword O\n")
    with pytest.raises(DamagedFile, match=r"line 2: 2 column\(s\), but line 1 has 3; expected as many in every line"):
        read(path)
    assert read(path, comment="# ") == [(["#tag", "word"], ["O", "O"])]
    assert read(path, comment="#") == [(["word"], ["O"])]


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        ("a O\nb O O\n", {}, r"a\.conll, line 2: 3 column\(s\), but line 1 has 2; .* divided by blanks"),
        ("a\tO\n\nb O\n", {}, r"line 3: 1 column\(s\), but line 1 has 2; .* divided by tabs"),
        ("a\tO\n\tO\n", {}, "line 2: the word is empty"),
        ("a\tO\nb\t\n", {}, "line 2: the tag is empty"),
        (b"a\tO\nb\xff\tO\n", {}, "not UTF-8: byte 0xff at offset 5, line 2"),
    ],
)
def test_what_is_damaged_is_said_with_its_line(write, content, columns, message):
    with pytest.raises(DamagedFile, match=message):
        read(write(content), **columns)


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        ("a O\nb X-loc\n", {"scheme": "IOB2"}, "line 2: 'X-loc' is no tag of IOB2; expected O, or one of B, I and"),
        ("a O\nb NOUN\n", {"scheme": "BIOES"}, "line 2: 'NOUN' is no tag of BIOES"),
        ("a O\n", {"tag": 2}, r"line 1: 2 column\(s\), no column 2; set tag_column to one that there is"),
        ("a O\n", {"tag": "UPOS"}, r"line 1: 2 column\(s\), and the names ID FORM .* are 10; give the column's number"),
        (CONLL_U, {"word": "FORM", "tag": "POS"}, "no column 'POS'; set tag_column to one of ID, FORM"),
        ("a O\n", {"separator": ","}, "separator is ','; expected tab or blanks, or None"),
        ("\n \n\t\n-DOCSTART- O\n", {}, "has no sentence"),
        ("", {}, "has no sentence"),
    ],
)
def test_what_does_not_fit_is_said_with_what_to_do(write, content, columns, message):
    with pytest.raises(ValueError, match=message):
        read(write(content), **columns)


def test_a_missing_file_is_missing_data(tmp_path):
    with pytest.raises(MissingData, match="there is no file"):
        read(tmp_path / "none.conll")
