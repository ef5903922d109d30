"""Remote servers: preview, up, nothing left to do, drift, repair."""

from rich.table import Table

from lab.lab import Lab
from lab.story import Story

_HIDE_IMAGES = "UPDATE topology SET topology_show = '0' WHERE topology_name = 'Images'"
_MOVE_PORT = (
    "UPDATE cfg_centreonbroker_info i JOIN cfg_centreonbroker c USING (config_id) "
    "SET i.config_value = '5760' WHERE c.config_name = 'lyon-broker' "
    "AND i.config_key = 'port' AND i.config_value = '5758'"
)
_IMAGES = "SELECT topology_show FROM topology WHERE topology_name = 'Images'"
_ROWS = (
    "SELECT COUNT(*) FROM cfg_centreonbroker_info i JOIN cfg_centreonbroker c USING (config_id) "
    "JOIN cfg_centreonbroker_info p USING (config_id, config_group, config_group_id) "
    "WHERE c.config_name = '{remote}-broker' AND i.config_group = 'output' "
    "AND p.config_key = 'port' AND p.config_value = '5758'"
)


class RemotesDemo:
    """One telling of the story, on the lab `demo`."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._story = Story(lab, "demo")

    def tell(self) -> None:
        """Run the whole story; raises CalledProcessError when a command of it fails."""
        story = self._story
        story.begin()
        story.say("What would be done? Nothing is changed by a preview.")
        story.mapinfra("preview")
        story.say("Do it.")
        story.mapinfra("up", "--yes")
        story.say("See it on the hosts themselves.")
        self._show_hosts()
        story.say("A second preview finds nothing to do.")
        story.mapinfra("preview", "--expect-no-changes")
        story.say("Somebody changes things by hand.")
        self._query("paris", _HIDE_IMAGES)
        self._query("central", _MOVE_PORT)
        story.say("The drift is seen, with what is there and what should be …")
        story.mapinfra("preview")
        story.say("… and repaired.")
        story.mapinfra("up", "--yes")
        self._show_hosts()

    def _query(self, host: str, sql: str) -> None:
        self._story.show_command(f"{host}#", f'mysql centreon -e "{sql}"')
        self._ask(host, sql)

    def _ask(self, host: str, sql: str) -> str:
        return self._lab.host(host).run(["mysql", "-N", "centreon", "-e", sql]).stdout.strip()

    def _show_hosts(self) -> None:
        table = Table("remote", "Images page", "rows of the output", "port 5758", box=None)
        for remote in ("paris", "lyon"):
            listening = self._lab.host(remote).run(["ss", "-Hltn", "sport = :5758"]).stdout
            table.add_row(
                remote,
                f"topology_show='{self._ask(remote, _IMAGES)}'",
                self._ask("central", _ROWS.format(remote=remote)),
                "listening" if listening else "closed",
            )
        self._story.console.print(table)

    def show_what_next(self, seconds: float) -> None:
        """Print the end of the story and what can be typed now."""
        self._story.console.print(
            f"""
[bold green]Done in {seconds:.0f} s.[/bold green] Both remotes are as stacks/demo.yaml says, \
and the lab is yours to play with:

  . .lab/demo/env                      use its state and passphrase in this shell
  mapinfra preview --stack demo        edit stacks/demo.yaml, and see what that would do
  ./dev lab ssh paris                  break something else
  mapinfra destroy --stack demo        put back everything that was found
  ./dev demo map                       an update of MAP, with a power failure in the middle
  ./dev lab down                       remove the lab""",
            highlight=False,
            soft_wrap=True,
        )
