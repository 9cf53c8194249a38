"""The rules of the house, checked on the source itself."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = REPOSITORY / "slim_cli"
MODULES = sorted(PACKAGE.rglob("*.py"))

FOUNDATION = {path.stem for path in PACKAGE.glob("*.py")}
LEFT_OF = {
    "evidence": set(),
    "audio": {"evidence"},
    "detector": {"evidence", "audio"},
    "assessment": {"evidence", "audio", "detector"},
    "observations": {"evidence", "audio", "detector", "assessment"},
    "reporting": {"evidence", "audio", "detector", "assessment", "observations", "custody"},
    "custody": {"evidence"},
    "engines": {"evidence", "audio", "detector", "assessment", "observations", "custody", "reporting"},
    "corpora": {"evidence", "audio", "detector", "assessment", "observations"},
    "training": {"evidence", "audio", "detector", "assessment", "observations", "corpora"},
}
LEFT_OF["validation"] = {*LEFT_OF["training"], "training", "engines"}
LEFT_OF["analysis"] = {*LEFT_OF["validation"], "validation", "reporting"}
LEFT_OF["cli"] = {*LEFT_OF, "cli"}

HEAVY = ("torch", "transformers", "matplotlib", "weasyprint", "numpy", "scipy", "soundfile", "av", "jinja2", "PIL")
MAX_LINES = 320


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Rooms that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == "slim_cli":
                names = [f"slim_cli.{alias.name}" for alias in node.names]
            else:
                names = [node.module or ""]
        for name in names:
            top, _, rest = name.partition(".")
            if top == "slim_cli" and rest:
                yield rest.split(".")[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_rooms_to_its_left(path: Path) -> None:
    room = room_of(path)
    if room in FOUNDATION - {"__init__"}:
        allowed = FOUNDATION
    elif room == "__init__":
        allowed = {"custody", "engines", "reporting", "training", "validation"}
    else:
        allowed = {room, *LEFT_OF[room]} | FOUNDATION | {"__version__"}
    assert set(imports(path)) <= allowed


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_a_module_stays_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < MAX_LINES


@pytest.mark.parametrize("path", sorted((PACKAGE / "cli").glob("*.py")), ids=lambda p: p.stem)
def test_a_command_stays_a_thin_skin(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 100


def test_each_command_is_a_function_with_one_struct_of_options_and_needs_no_command_line() -> None:
    code = """
import dataclasses, inspect, sys, typing, slim_cli
for name in ("scan", "report", "verify", "validate", "calibrate", "train"):
    function, options = getattr(slim_cli, name), getattr(slim_cli, f"{name.capitalize()}Options")
    first = next(iter(inspect.signature(function).parameters))
    assert function.__name__ == name and dataclasses.is_dataclass(options)
    assert typing.get_type_hints(function)[first] is options
    assert {name, options.__name__} <= set(slim_cli.__all__)
print(*(module for module in sys.modules if module.partition(".")[0] in ("typer", "click", "rich")))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_nothing_asks_for_the_kind_or_class_of_an_encoder_or_a_head_but_their_registries() -> None:
    plugs = [path for room in ("encoders", "heads") for path in (PACKAGE / "detector" / room).glob("*.py")]
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}
    told = [node for path in plugs for node in ast.walk(trees[path]) if isinstance(node, ast.ClassDef)]
    classes = {node.name for node in told}
    bodies = [statement for node in told for statement in node.body if isinstance(statement, ast.Assign)]
    kinds = {one.value.value for one in bodies if getattr(one.targets[0], "id", "") == "kind"}
    assert {"whisper", "attentive"} <= kinds
    asked = []
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare):
                asked += [(path.name, one.value) for one in ast.walk(node) if getattr(one, "value", 0) in kinds]
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance":
                asked += [(path.name, one.id) for one in ast.walk(node.args[1]) if getattr(one, "id", "") in classes]
    assert asked == []


def test_no_class_name_and_no_module_name_occurs_twice() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in MODULES]
    classes = Counter(node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef))
    modules = Counter(path.stem for path in MODULES if path.stem not in ("__init__", "__main__"))
    assert [name for name, times in (classes + modules).items() if times > 1] == []


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("import slim_cli", id="import slim_cli"),
        pytest.param(
            "import sys; sys.argv = ['slim', '--help']; from slim_cli.cli.main import main; main()", id="--help"
        ),
        pytest.param(
            "import sys; sys.argv = ['slim', 'scan', '--help']; from slim_cli.cli.main import main; main()",
            id="scan --help",
        ),
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(statement: str) -> None:
    code = f"""import atexit, sys
atexit.register(lambda: print(*(m for m in {HEAVY} if m in sys.modules), file=sys.stderr))
"""
    done = subprocess.run([sys.executable, "-c", code + statement], check=True, capture_output=True, text=True)
    assert done.stderr.split() == []


def tracked_text() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    kinds = {".py", ".toml", ".md", ".txt", ".sh", ".html", ".css", ".js", ".json", ".csv", ""}
    paths = (REPOSITORY / name for name in listed.stdout.split("\0") if name)
    return [p for p in paths if p.suffix in kinds and p.is_file()]


def test_no_path_of_a_particular_machine_is_tracked() -> None:
    places = re.compile(r"""(?<![\w.<])/(?:work|root|home/\w+|Users/\w+)/\w""")
    found = {
        f"{path.relative_to(REPOSITORY)}:{number}"
        for path in tracked_text()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if places.search(line)
    }
    assert found == set()


def test_versions_are_pinned_exactly_and_cover_what_the_package_needs() -> None:
    import tomllib

    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9._-]+==[0-9][\w.]*", line) for line in pins)
    assert "torch==2.13.0" in pins
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *(d for group in project["optional-dependencies"].values() for d in group)]
    names = {re.split(r"[^\w.-]", d)[0] for d in needed}
    assert names <= {pin.split("==")[0] for pin in pins}
