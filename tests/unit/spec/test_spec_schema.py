import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from mapinfra.spec import load, schema
from mapinfra.spec.__main__ import documents, main
from mapinfra.spec.document import parse

from .cases import BASE, RELATIONS, VALUES

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted(
    path for path in (ROOT / "stacks").glob("*.yaml") if not path.name.startswith("Pulumi.")
)
VALIDATOR = jsonschema.Draft202012Validator(schema())


def as_editors_see(text: str) -> Any:
    """The document as JSON; keys are text there."""
    return json.loads(json.dumps(parse(text).data))


def edited(case: tuple[str, str, list[str]]) -> Any:
    return as_editors_see(BASE.replace(case[0], case[1]))


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_it_accepts_every_spec_of_the_project(path: Path) -> None:
    text = path.read_text()
    load(path)
    VALIDATOR.validate(as_editors_see(text))
    assert text.startswith("# yaml-language-server: $schema=../docs/spec.schema.json\n")


def test_it_accepts_the_base_of_all_cases_and_the_yes_of_either_yaml() -> None:
    VALIDATOR.validate(as_editors_see(BASE))
    for yes in ("yes", '"yes"', "true"):
        VALIDATOR.validate(edited(("Centreon-Map: {}", f"Centreon-Map: {{tls: {yes}}}", [])))


@pytest.mark.parametrize("name", VALUES)
def test_it_refuses_every_wrong_value(name: str) -> None:
    assert not VALIDATOR.is_valid(edited(VALUES[name]))


@pytest.mark.parametrize(
    "name", [name for name in RELATIONS if not name.startswith(("tag", "key that", "merge of"))]
)
def test_it_leaves_what_two_values_have_with_each_other_to_the_loader(name: str) -> None:
    VALIDATOR.validate(edited(RELATIONS[name]))


def test_every_field_is_described() -> None:
    for block in (schema(), *schema()["$defs"].values()):
        assert block["description"]
        for name, field in block["properties"].items():
            assert field["description"].endswith("."), name


@pytest.mark.parametrize("name", documents())
def test_the_documents_are_up_to_date(name: str) -> None:
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert written == documents()[name], "run: python -m mapinfra.spec"


def test_the_documents_are_written_where_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["spec", str(tmp_path)])
    main()
    assert capsys.readouterr().out.split() == [f"{tmp_path}/{name}" for name in documents()]
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == documents()


def test_the_example_in_the_manual_is_a_spec(tmp_path: Path) -> None:
    example = documents()["spec.md"].partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "example.yaml").write_text(example)
    assert len(load(tmp_path / "example.yaml").targets()) == 2


def test_every_key_of_the_schema_is_in_the_manual() -> None:
    page = documents()["spec.md"]
    for block in schema()["$defs"].values():
        for key in block["properties"]:
            assert f"`{key}`" in page or f"{{{key}: …}}" in page


def test_pyyaml_reads_the_example_alike() -> None:
    text = (ROOT / "stacks" / "example.yaml").read_text()
    assert parse(text).data == yaml.safe_load(text)
