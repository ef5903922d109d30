"""`mapinfra up` on a terminal: what it shows is what it does, however long the answer takes."""

from tests.lab.project import Project, images_shown, output_rows, query
from tests.lab.terminal import answered

FOREIGN = (
    "INSERT INTO cfg_centreonbroker_info (config_id, config_key, config_value, config_group, "
    "config_group_id, grp_level) SELECT config_id, k, v, 'output', 4, 0 FROM cfg_centreonbroker, "
    "(SELECT 'name' k, 'other' v UNION SELECT 'type', 'ipv4' UNION SELECT 'port', '7777' "
    "UNION SELECT 'host', 'elsewhere') rows_of_it WHERE config_name = 'paris-broker'"
)


def test_what_changes_while_it_asks_is_seen_and_fails_alone(project: Project) -> None:
    lab = project.lab
    code, shown = answered(project, "up", meanwhile=lambda: query(lab.host("central"), FOREIGN))
    assert code == 1, shown
    assert "what is there has changed since the preview" in shown
    assert output_rows(lab, "paris") == []
    assert images_shown(lab, "paris")
    assert len(output_rows(lab, "lyon")) == 22


def test_what_stays_while_it_asks_is_done(project: Project) -> None:
    code, shown = answered(project, "up", meanwhile=lambda: None)
    assert code == 0, shown
    project.expect_nothing_to_do()
