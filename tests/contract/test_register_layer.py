"""A cell of one's own needs a name alone; what is wrong with it stops with its file, the field and the reason."""

import sys

import pytest
import torch

import rnnzoo
from rnnzoo.contracts import Paper
from rnnzoo.laws import check
from rnnzoo.ops.backends import BackendError
from rnnzoo.recurrent.page import backends
from rnnzoo.registry import LAYERS, DiscoveryError, RegistrationError, UnknownName
from rnnzoo.registry.files import import_file, refuse_idle
from rnnzoo.registry.places import origin

CELL = """
import torch
import rnnzoo

def update(a, *_):
    return (torch.tanh(a[..., 0, :]),)

@rnnzoo.register_layer({arguments})
class {name}(rnnzoo.GatedCell):
    \"\"\"A cell of my own.

    More of it.
    \"\"\"
    stages = (rnnzoo.Stage("h", 1, 1, update, (), ("h",), summed=True),)
"""


def write(folder, arguments='"mine"', name="Mine", file="my_cells.py", more=""):
    path = folder / file
    path.write_text(CELL.format(arguments=arguments, name=name) + more)
    return path


def test_a_name_is_enough(registering, tmp_path):
    import_file(write(tmp_path))
    entry = LAYERS.entry("mine")
    assert (entry.class_name, entry.kind, entry.description) == ("Mine", "gated", "A cell of my own")
    assert (entry.paper, entry.oracle, backends(entry)) == (None, None, ("reference", "torch", "c"))
    assert "mine" in rnnzoo.list_layers("mi*")
    y, h = rnnzoo.Mine(3, 8, num_layers=2)(torch.randn(5, 2, 3))
    assert (y.shape, h.shape) == ((5, 2, 8), (2, 2, 8))
    assert "unverified" in rnnzoo.Mine.__doc__
    assert {verdict.outcome for verdict in check("mine", laws=["contract", "shapes", "causal"])} == {"holds"}


def test_what_is_given_goes_before_the_defaults(registering, tmp_path):
    arguments = '"mine", class_name="Own", kind="other", description="d", paper=rnnzoo.Paper("t", "a", 2020, "")'
    import_file(write(tmp_path, arguments))
    entry = LAYERS.entry("mine")
    assert (entry.class_name, entry.kind, entry.description) == ("Own", "other", "d")
    assert entry.paper == Paper("t", "a", 2020, "")


def test_a_scan_is_parallel_and_a_plain_module_runs_the_reference(registering):
    @rnnzoo.register_layer("scans")
    class Scans(rnnzoo.ScanCell):
        pass

    @rnnzoo.register_layer("steps")
    class Steps(torch.nn.Module):
        def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
            super().__init__()

        def step(self, x, state):
            return x, state

        def initial_state(self, batch_size, *, device=None, dtype=None):
            return ()

        def forward(self, x, state=None, lengths=None):
            return x, ()

    scans, steps = LAYERS.entry("scans"), LAYERS.entry("steps")
    assert (scans.kind, scans.parallel, scans.target.backends is rnnzoo.ScanCell.backends) == ("scan", True, True)
    assert (steps.kind, steps.parallel) == ("other", False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('"mine", colour=3', r"unknown field 'colour'"),
        ('"mine", papr=None', r"unknown field 'papr'; did you mean paper"),
        ('"My-Cell"', r"name is 'My-Cell'; expected lower snake case"),
        ('"none"', r"name is 'none'"),
        ('"mine", class_name="own"', r"class_name is 'own'; expected a name with a capital"),
        ('"mine", kind="gatd"', r"kind is 'gatd'; expected one of gated"),
        ('"mine", paper="a paper"', r"paper is a str; expected a rnnzoo.contracts.Paper"),
        ('"mine", tiny={"input_size": 3}', r"tiny is .*; expected hidden_size"),
        ('"mine", exemptions={"causal": ""}', r"exemptions\['causal'\] is ''; expected the reason"),
    ],
)
def test_a_wrong_field_is_named_with_the_file(registering, tmp_path, arguments, message):
    path = write(tmp_path, arguments)
    with pytest.raises(
        DiscoveryError, match=rf"^{path} does not import: layer '.*my_cells\.py\) does not register.*{message}"
    ):
        import_file(path)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("class Mine: pass", "Mine is no subclass of torch.nn.Module"),
        ("class Mine(torch.nn.Linear): pass", "Mine has no method step; expected step, forward and initial_state"),
        (
            "class Mine(rnnzoo.GatedCell):\n    def __init__(self, input_size, hidden_size): pass",
            "the constructor of Mine does not take bias, device, dtype; expected",
        ),
    ],
)
def test_what_is_no_cell_does_not_register(registering, tmp_path, body, message):
    (tmp_path / "my_cells.py").write_text(f'import torch, rnnzoo\n@rnnzoo.register_layer("mine")\n{body}\n')
    with pytest.raises(DiscoveryError, match=message):
        import_file(tmp_path / "my_cells.py")
    assert "mine" not in LAYERS


def test_the_zoos_own_names_are_taken_and_both_places_are_named(registering, tmp_path):
    path = write(tmp_path, '"lstm"')
    with pytest.raises(
        DiscoveryError,
        match=rf"layer 'lstm' is registered twice: by class LSTM in .*lstm\.py and by class Mine in {path}",
    ):
        import_file(path)
    path = write(tmp_path, '"mine", class_name="LSTM"')
    with pytest.raises(DiscoveryError, match=r"class_name 'LSTM' is registered twice"):
        import_file(path)


def test_two_files_of_ones_own_cannot_share_a_name(registering, tmp_path):
    import_file(write(tmp_path))
    with pytest.raises(DiscoveryError, match=r"registered twice: by class Mine in .*my_cells\.py and by .*other\.py"):
        import_file(write(tmp_path, file="other.py"))


def test_a_class_that_is_run_again_replaces_itself(registering):
    before = [
        rnnzoo.register_layer("mine")(type("Mine", (rnnzoo.GatedCell,), {"stages": rnnzoo.GRU(1, 1).cells[0].stages}))
    ]
    first = rnnzoo.Mine
    rnnzoo.register_layer("mine", description="again")(type("Mine", (rnnzoo.GatedCell,), dict(vars(before[0]))))
    assert LAYERS.entry("mine").description == "again"
    assert rnnzoo.Mine is not first


def test_a_file_that_fails_is_named_with_the_line(registering, tmp_path):
    path = write(tmp_path, more="\n1 / 0\n")
    line = path.read_text().splitlines().index("1 / 0") + 1
    with pytest.raises(
        DiscoveryError, match=rf"{path} does not import: ZeroDivisionError: division by zero \(line {line}\)"
    ):
        import_file(path)
    path.write_text("def (")
    with pytest.raises(DiscoveryError, match=r"does not import: SyntaxError: .*my_cells\.py, line 1"):
        import_file(path)


def test_a_file_that_is_not_there_or_no_python_is_refused(registering, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*no\.py to import"):
        import_file(tmp_path / "no.py")
    (tmp_path / "cells.txt").write_text("")
    with pytest.raises(DiscoveryError, match=r"cells\.txt is no Python file"):
        import_file(tmp_path / "cells.txt")


def test_a_file_that_registers_nothing_is_refused(registering, tmp_path):
    (tmp_path / "idle.py").write_text("x = 1")
    import_file(tmp_path / "idle.py")
    with pytest.raises(DiscoveryError, match=r"idle\.py registers nothing; put @rnnzoo\.register_layer"):
        refuse_idle(tmp_path / "idle.py")


def test_a_file_is_imported_once_and_may_import_its_neighbours(registering, tmp_path):
    (tmp_path / "my_neighbour.py").write_text("WORDS = 'beside'")
    path = write(tmp_path, more="import my_neighbour\nWORDS = my_neighbour.WORDS\n")
    module = import_file(path)
    assert module.WORDS == "beside"
    assert import_file(path) is module
    assert sys.modules["my_cells"] is module


def test_a_file_called_as_a_module_that_is_there_gets_a_name_of_its_own(registering, tmp_path):
    module = import_file(write(tmp_path, file="json.py"))
    assert module.__name__ != "json"
    assert sys.modules["json"] is not module
    assert LAYERS.entry("mine").target is module.Mine


def test_the_origin_of_a_cell_is_its_file_and_what_is_in_it(registering, tmp_path):
    path = write(tmp_path)
    found = origin(import_file(path).Mine)
    assert found["file"] == str(path)
    assert len(found["sha256"]) == 64
    assert origin(LAYERS.entry("lstm").target) == {}


@pytest.fixture
def distribution(tmp_path, monkeypatch, registering):
    """An installed distribution ``their-cells`` whose module ``their_cells`` is an entry point."""
    info = tmp_path / "their_cells-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-cells\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[rnnzoo.layers]\ncells = their_cells\n")
    (info / "top_level.txt").write_text("their_cells\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(LAYERS, "_discovered", False)
    return tmp_path / "their_cells.py"


def test_an_installed_distribution_is_asked(distribution):
    write(distribution.parent, '"theirs"', "Theirs", file="their_cells.py")
    assert "theirs" in rnnzoo.list_layers()
    found = origin(LAYERS.entry("theirs").target)
    assert (found["distribution"], found["version"]) == ("their-cells", "1.2")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 / 0", "does not import: ZeroDivisionError: division by zero; repair or uninstall their-cells"),
        ("x = 1", "registers no layer; put @rnnzoo.register_layer"),
        (CELL.format(arguments='"gru"', name="Theirs"), "layer 'gru' is registered twice: by class GRU in"),
    ],
)
def test_an_entry_point_that_fails_stops_the_discovery_and_names_its_distribution(distribution, source, message):
    distribution.write_text(source)
    for _ in range(2):  # and goes on doing so
        with pytest.raises(
            DiscoveryError, match=r"entry point 'cells = their_cells' .* of distribution their-cells"
        ) as told:
            rnnzoo.list_layers()
        assert message in str(told.value)


def test_a_field_that_a_zoo_layer_lacks_is_named():
    with pytest.raises(RegistrationError, match=r"layer 'bare' .* it lacks the fields class_name, paper, kind,"):
        LAYERS.register("bare")(type("Bare", (rnnzoo.GatedCell,), {}))


def test_forced_backends_dtypes_and_options_that_a_cell_does_not_have_say_why(registering, tmp_path):
    import_file(write(tmp_path))
    with pytest.raises(
        BackendError, match=r"layer 'mine' cannot run with backend='native'; it can with 'reference' or"
    ):
        rnnzoo.Mine(3, 4, backend="native")
    with pytest.raises(UnknownName, match="did you mean native"):
        rnnzoo.Mine(3, 4, backend="natve")
    for dtype in (torch.int64, torch.complex64, "float32"):
        with pytest.raises(TypeError, match=r"dtype should be a real floating point dtype such as torch.float32, got"):
            rnnzoo.Mine(3, 4, dtype=dtype)
    with pytest.raises(TypeError, match=r"layer 'mine' has no option 'recurrent_bais'; did you mean recurrent_bias\?"):
        rnnzoo.Mine(3, 4, recurrent_bais=False)
    with pytest.raises(ValueError, match="does not declare the capability 'projection'"):
        rnnzoo.Mine(3, 4, proj_size=2)
