"""A reference to a secret: what it leads to, and that nothing is no password."""

from pathlib import Path

import pytest

from mapinfra.errors import SecretError
from mapinfra.secrets import (
    ConfigSecret,
    EnvironmentSecret,
    FileSecret,
    SecretReference,
    Secrets,
)


@pytest.mark.parametrize("kept", ["pw", " p w ", "p\u2028w", "é"])
def test_a_secret_is_given_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    (tmp_path / "pw").write_text(f"{kept}\nmore\n")
    monkeypatch.setenv("MAPINFRA_TEST", kept)
    secrets = Secrets({"mapinfra:pw": kept}, tmp_path)
    references: list[SecretReference] = [
        ConfigSecret(secret="pw"),
        EnvironmentSecret(env="MAPINFRA_TEST"),
        FileSecret(file="pw"),
    ]
    assert [secrets(reference) for reference in references] == [kept] * 3


def test_a_key_of_the_config_is_the_projects_or_mapinfras(tmp_path: Path) -> None:
    config = {"maps:pw": "own", "mapinfra:pw": "shared", "mapinfra:api": "a", "other:pw": "o"}
    secrets = Secrets(config, tmp_path, "maps")
    found = [secrets(ConfigSecret(secret=key)) for key in ("pw", "api", "other:pw")]
    assert found == ["own", "a", "o"]


@pytest.mark.parametrize("nothing", ["", " ", "\nsecond line"])
def test_an_empty_one_is_as_good_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing: str
) -> None:
    """A pipeline gives a variable that isn't set there an empty value."""
    (tmp_path / "pw").write_text(nothing)
    first = nothing.partition("\n")[0]
    monkeypatch.setenv("MAPINFRA_TEST", first)
    secrets = Secrets({"pw": first}, tmp_path)
    refused: list[tuple[SecretReference, str]] = [
        (ConfigSecret(secret="pw"), "secret pw: empty in the stack's config; mapinfra config set"),
        (EnvironmentSecret(env="MAPINFRA_TEST"), "environment variable MAPINFRA_TEST: empty; exp"),
        (FileSecret(file="pw"), f"secret file {tmp_path / 'pw'}: "),
    ]
    for reference, told in refused:
        with pytest.raises(SecretError) as error:
            secrets(reference)
        assert str(error.value).startswith(told)
