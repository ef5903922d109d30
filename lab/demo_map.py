"""MAP updated over a line: preview, a power failure in the middle, the old state back, up again."""

from rich.table import Table

from lab.lab import Lab
from lab.packages.by_hand import add_repository, map_server, set_platform_version
from lab.progress import Progress
from lab.story import Story

_OLD = "22.10.1"
_CONF = "/etc/centreon-map/centreon-map.conf"
_SHOWN = {
    "server": "rpm -q --qf '%{VERSION}' centreon-map-engine",
    "service": "systemctl is-active centreon-map-engine || true",
    "schema": "mariadb -N centreon_map -e 'select max(version) from schema_version'",
    "views": "mariadb -N centreon_map -e 'select count(*) from map_view'",
    "edited by hand": rf"sed -n 's/^JAVA_OPTS=.*\(-Xmx[^ \"]*\).*/\1/p' {_CONF}",
}
_EDIT = f"sed -i s/-Xmx4G/-Xmx6G/ {_CONF}"
_MODULE = "select mod_release from modules_informations where name = 'centreon-map4-web-client'"


class MapDemo:
    """One telling of the story, on the lab `demo`."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._story = Story(lab, "demo-map")
        self._server = map_server(lab, "map", "central", "engine")

    def tell(self) -> None:
        """Run the whole story; raises CalledProcessError when a command of it fails."""
        story = self._story
        story.say(f"MAP {_OLD} was installed by hand, as the manual says; users have drawn maps.")
        self._install_by_hand()
        self._show_hosts()
        story.begin()
        story.say("Take over what is there. Nothing is changed on any host.")
        story.mapinfra("adopt", "--yes")
        story.say("What would an update to 23.10.3 do? Nothing is changed by a preview.")
        story.mapinfra("preview")
        story.say("Do it. In the middle of it the MAP host loses its power.")
        story.mapinfra_struck("up", "--yes", at="merge the configuration", strike=self._lose_power)
        story.say("The old state is back: package, configuration, database, module.")
        self._show_hosts()
        story.say("Again, undisturbed.")
        story.mapinfra("up", "--yes")
        self._show_hosts()
        story.say("A second preview finds nothing to do.")
        story.mapinfra("preview", "--expect-no-changes")
        story.say("What was backed up before each of the two.")
        story.mapinfra("backups")

    def _install_by_hand(self) -> None:
        with Progress() as progress:
            progress(f"installing MAP {_OLD} on map")
            self._server.install(_OLD)
            self._server.connect_broker()
            progress(f"installing its web client {_OLD} on central")
            self._server.install_web_client(_OLD)
            self._server.run_program("sample", "--views=5")
        self._story.show_command("map#", _EDIT)
        self._lab.host("map").run(_EDIT)
        for host in ("central", "map"):
            add_repository(self._lab.host(host), "23.10")
        set_platform_version(self._lab.host("central"), "23.10.0")

    def _lose_power(self) -> None:
        map_host = self._lab.host("map")
        map_host.power_off()
        self._story.console.print(
            "[bold red]The MAP host lost its power; it boots again.[/bold red]"
        )
        map_host.power_on()

    def _show_hosts(self) -> None:
        table = Table(*_SHOWN, "module on the central", box=None)
        seen = [self._lab.host("map").run(command).stdout.strip() for command in _SHOWN.values()]
        module = self._lab.host("central").run(["mariadb", "-N", "centreon", "-e", _MODULE]).stdout
        table.add_row(*seen, module.strip())
        self._story.console.print(table)

    def show_what_next(self, seconds: float) -> None:
        """Print the end of the story and what can be typed now."""
        self._story.console.print(
            f"""
[bold green]Done in {seconds:.0f} s.[/bold green] MAP is as stacks/demo-map.yaml says, \
and the lab is yours to play with:

  . .lab/demo/env                             use its state and passphrase in this shell
  mapinfra preview --stack demo-map           edit stacks/demo-map.yaml, and see what it would do
  mapinfra restore --stack demo-map central/map ID    bring one of the backups back
  ./dev lab ssh map                           break something
  ./dev lab down                              remove the lab""",
            highlight=False,
            soft_wrap=True,
        )
