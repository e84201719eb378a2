import re
from configparser import ConfigParser

from pages import ROOT

LINE = re.compile(r"^\| `([\w-]+)` \| (?:`(\w+)` \| )?(.+?) \|$", re.MULTILINE)


def names(requirements):
    return {re.match(r"[\w-]+", line)[0] for line in requirements.split("\n") if line.strip()}


def test_every_dependency_has_its_reason_and_every_reason_its_dependency():
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    expected = {(name, "") for name in names(setup["options"]["install_requires"])}
    for extra, requirements in setup["options.extras_require"].items():
        expected |= {(name, extra) for name in names(requirements)}
    lines = LINE.findall((ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8"))
    assert {(name, extra) for name, extra, _ in lines} == expected
    assert all(len(reason.split()) >= 2 for _, _, reason in lines)
