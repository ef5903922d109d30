"""Who may import whom, and that one name stands for one thing; docs/architecture.md shows it."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import mapinfra

PACKAGE = Path(mapinfra.__file__).parent
DOCS = PACKAGE.parent / "docs"
SHARED = {
    "config", "errors", "interruption", "jsontext", "processes", "secrets", "signals", "text",
}  # fmt: skip
"""Modules beside the layers, which import nothing but each other."""
BELOW = {
    "hosts": set(),
    "config_files": set(),
    "centreon": {"config_files", "hosts"},
    "backup": {"hosts"},
    "rollback": {"backup", "hosts"},
    "spec": {"backup", "centreon", "config_files", "hosts"},
    "resources": {"spec", "rollback", "backup", "centreon", "config_files", "hosts"},
    "platform": {"spec", "resources", "centreon"},
    "restore": {"platform", "spec", "resources", "rollback", "backup", "centreon", "config_files",
                "hosts"},
    "engine": set(),
    "cli": {"engine", "restore", "platform", "spec", "resources", "rollback", "backup", "centreon",
            "hosts"},
}  # fmt: skip
"""What each layer imports beside itself and the shared modules."""
ROOMS = {
    "resources": {"map": {"broker"}, "broker": {"map"}, "topology": set(), "desktop": set()},
    "centreon": {
        "releases": set(),
        "rules": {"releases"},
        "web": {"releases"},
        "broker": set(),
        "map": {"releases", "rules", "broker"},
    },
}
"""The rooms of a layer: which other rooms each imports."""
KNOW_PULUMI = {"adapter", "arguments", "provider_process", "session", "sessions", "types"}
"""Modules of `resources` that import Pulumi."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE.parent).with_suffix("").as_posix().replace("/", ".")
        yield name.removesuffix(".__init__"), ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.Module) -> Iterator[str]:
    """Yield the full name of all that a module imports, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{one.name}" for one in node.names)


MODULES = dict(modules())


def strange(name: str, allowed: set[str]) -> list[str]:
    """Return what a module imports of mapinfra beyond what is allowed."""
    own = [one.split(".") for one in imports(MODULES[name]) if one.startswith("mapinfra.")]
    return [".".join(words) for words in own if words[1] not in allowed | SHARED]


@pytest.mark.parametrize("layer", BELOW)
def test_a_layer_imports_only_what_is_below_it(layer: str) -> None:
    of_it = [name for name in MODULES if name.split(".")[1:2] == [layer]]
    assert of_it
    assert {name: found for name in of_it if (found := strange(name, BELOW[layer] | {layer}))} == {}


def test_each_folder_is_a_layer_and_shared_modules_import_no_layer() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders == set(BELOW)
    single = {name.split(".")[1] for name in MODULES if name.count(".") == 1} - folders
    assert single == SHARED
    for name in SHARED:
        assert strange(f"mapinfra.{name}", set()) == []


@pytest.mark.parametrize(
    ("layer", "room"), [(layer, room) for layer, rooms in ROOMS.items() for room in rooms]
)
def test_a_room_imports_no_other_but_as_listed(layer: str, room: str) -> None:
    others = set(ROOMS[layer]) - {room} - ROOMS[layer][room]
    of_it = {name: tree for name, tree in MODULES.items()
             if name.startswith(f"mapinfra.{layer}.{room}")}  # fmt: skip
    assert of_it
    for name, tree in of_it.items():
        rooms = {one.split(".")[2] for one in imports(tree)
                 if one.startswith(f"mapinfra.{layer}.")}  # fmt: skip
        assert not rooms & others, name


def test_only_few_modules_know_pulumi_or_yaml() -> None:
    for name, tree in MODULES.items():
        layer = name.split(".")[1] if "." in name else ""
        tops = {one.split(".")[0] for one in imports(tree)}
        if layer in ("hosts", "centreon", "config_files", "backup", "rollback", "spec", "restore"):
            assert "pulumi" not in tops, name
        if layer == "resources" and "pulumi" in tops:
            assert name.split(".")[2] in KNOW_PULUMI, name
        if layer not in ("spec", "engine", "cli"):
            assert "yaml" not in tops, name


def test_the_commands_import_only_the_public_face_of_the_engine() -> None:
    for name, tree in MODULES.items():
        if name.startswith("mapinfra.cli"):
            inside = [one for one in imports(tree) if one.startswith("mapinfra.engine.")]
            assert [one for one in inside if one.count(".") != 2] == [], name


def test_one_name_stands_for_one_class() -> None:
    homes = defaultdict(list)
    for name, tree in MODULES.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(name)
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}


def test_the_documents_name_only_modules_and_tests_that_are_there() -> None:
    layers = "|".join(BELOW)
    named = re.compile(rf"`((?:tests/unit|tests/lab|{layers})/[a-z_/]+?)/?`")
    root = PACKAGE.parent
    for page in DOCS.rglob("*.md"):
        for name in named.findall(page.read_text(encoding="utf-8")):
            base = root if name.startswith("tests/") else PACKAGE
            assert (base / name).is_dir() or (base / f"{name}.py").is_file(), f"{page.name}: {name}"


def test_the_documents_on_reliability_name_only_tests_that_are_there() -> None:
    named = re.findall(r"`(test_[a-z_]+)`", (DOCS / "reliability.md").read_text(encoding="utf-8"))
    missing = {one for one in named if not (PACKAGE.parent / f"tests/lab/{one}.py").is_file()}
    assert missing == set()


def test_the_page_on_the_architecture_names_every_folder_and_stays_one_page() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    assert page.count("\n") <= 200
    for path in PACKAGE.rglob("__init__.py"):
        folder = path.parent.relative_to(PACKAGE).as_posix()
        assert folder == "." or f"`{folder}/`" in page or f"`{path.parent.name}/`" in page, folder
