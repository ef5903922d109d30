"""Names and values on hosts that would steer a terminal, or aren't text: seen, and harmless."""

import pytest

from tests.lab.project import REMOTES, Project, query

# ESC ] 0 ; owned BEL, the C1 introducer, a right-to-left override, a zero width space
EVIL = "0x1b5d303b6f776e656407c29b33316de280aee2808b"
SEEN = "owned"


def expect_harmless(project: Project, *arguments: str, code: int | None = None) -> str:
    result = project.mapinfra(*arguments)
    assert code is None or result.code == code, result
    told = result.out + result.err
    assert all(line.isprintable() for line in told.split("\n")), repr(told)
    assert "Traceback" not in told
    assert "unexpected" not in told
    return told


@pytest.mark.parametrize("name", REMOTES)
def test_names_and_values_in_databases_cannot_steer_a_terminal(project: Project, name: str) -> None:
    project.up()
    lab = project.lab
    query(
        lab.host("central"),
        "UPDATE cfg_centreonbroker_info i JOIN cfg_centreonbroker c USING (config_id) "
        f"SET i.config_value = CONCAT('5758', {EVIL}) WHERE c.config_name = '{name}-broker' "
        "AND i.config_group = 'output' AND i.config_key = 'port' AND i.config_value = '5758'",
    )
    query(
        lab.host(name),
        f"UPDATE topology SET topology_name = CONCAT('Images', {EVIL}), topology_show = '0' "
        "WHERE topology_page = 50102",
    )
    project.spec["remotes"][name]["pages"] = {"50102": "shown"}
    project.write_spec()
    assert SEEN in expect_harmless(project, "preview")
    assert SEEN in expect_harmless(project, "preview", "--diff")
    expect_harmless(project, "preview", "--json")
    expect_harmless(project, "up", "--yes")


def test_a_file_that_is_too_large_is_named_with_its_host(untouched: Project) -> None:
    paris = untouched.lab.host("paris")
    path = "/etc/centreon-broker/huge.json"
    paris.run(["truncate", "-s", "40M", path])
    try:
        result = untouched.mapinfra("preview")
    finally:
        paris.run(["rm", path])
    assert result.code == 1, result
    assert f"{path} has more than 4 MiB" in result.out, result
    assert "! lyon" not in result.out, result


def test_records_and_files_that_are_no_text_are_named_with_their_host(project: Project) -> None:
    project.up()
    paris = project.lab.host("paris")
    names = paris.run("ls /var/lib/mapinfra/*.json").stdout.split()
    for content in (r"\377\376\000", r"[" * 5000, r'{"a":' * 3000):
        for name in names:
            paris.run(["sh", "-c", f"printf '{content}' > {name}"])
        told = expect_harmless(project, "destroy", "--yes", code=1)
        assert "paris: /var/lib/mapinfra/" in told
        assert "is damaged" in told
