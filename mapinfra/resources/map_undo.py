"""What takes back the steps of a MAP installation. Pure."""

from collections.abc import Iterator, Sequence

from mapinfra.backup import Reach
from mapinfra.centreon.map_setup import DATABASE_USER
from mapinfra.centreon.surroundings import Broker
from mapinfra.resources.contract import Step
from mapinfra.resources.map_model import Contents, GoBack, Options, Unoutput


def undo(done: Sequence[Step]) -> list[Step]:
    """Return the steps that take back `done`. MAP itself comes first: its users wait."""
    verbs = {step.verb for step in done}
    if done and done[-1].verb in ("back", "cancel"):
        # The journal alone knows that backup, so it stays, for the next run to go on with.
        return [Step(done[-1].host, "abandon", done[-1].text)]
    back = [*_server_back(done, verbs), *_web_back(done), *_installation_back(done, verbs)]
    if "lock" in verbs:
        back.append(Step(_first(done, "lock").host, "release", "release the lock"))
    return back


def _server_back(done: Sequence[Step], verbs: set[str]) -> Iterator[Step]:
    if "arm" in verbs:
        if done[-1].verb != "arm":  # else nothing was stopped, and `release` disarms
            yield from _from_backup(_first(done, "arm").host, verbs)
        for step in done:
            if step.verb == "disable":
                text = f"enable and start {step.data.unit}"
                yield Step(step.host, "reenable", text, data=step.data)
        return
    for step in reversed(done):
        match step.verb:
            case "settings":
                old = Contents(step.data.after, step.data.before)
                yield Step(step.host, "settings", "put the old settings back", data=old)
                if "restart" in verbs:
                    yield Step(step.host, "restart", "restart it again")
                    yield Step(step.host, "health", "wait until it is healthy again")
            case "enable":
                yield Step(step.host, "unenable", "disable the service again")
            case "start":
                yield Step(step.host, "stop", "stop it again")


def _from_backup(host: str, verbs: set[str]) -> Iterator[Step]:
    reach = Reach.ALL if "server" in verbs else Reach.SERVICE
    what = "packages, configuration, database and service" if reach is Reach.ALL else "the service"
    yield Step(host, "back", f"put {what} back as in the backup", data=GoBack(reach))


def _web_back(done: Sequence[Step]) -> Iterator[Step]:
    extended = [step for step in done if step.verb == "extend"]
    for step in reversed(done):
        if step.verb == "options":
            old = Options(step.data.after, step.data.before)
            yield Step(step.host, "options", "put the old options back", data=old)
    for step in reversed(extended):
        if step.data.verb == "install":
            yield Step(step.host, "extend", str(step.data.undone), data=step.data.undone)
    for step in reversed(done):
        if step.verb == "web":
            old, package = step.data.old, step.data.package
            text = f"put {package} {old} back" if old else f"remove {package} again"
            yield Step(step.host, "unweb", text, data=step.data)
    for step in extended:
        if step.data.verb == "update":
            yield Step(step.host, "extend", str(step.data.undone), data=step.data.undone)
    yield from _retired_back(done)


def _retired_back(done: Sequence[Step]) -> Iterator[Step]:
    retired = [step for step in done if step.verb == "retire"]
    for step in reversed(retired):
        back = step.data.action.undone
        yield Step(step.host, "extend", str(back), data=back)
    if retired:
        options = retired[0].data.options
        data = Options(options, options)
        yield Step(retired[0].host, "options", "put its options back", data=data)


def _installation_back(done: Sequence[Step], verbs: set[str]) -> Iterator[Step]:
    for step in reversed(done):
        match step.verb:
            case "configure":
                if step.data.broker is not None:
                    yield _output_back(step.data.broker, _first(done, "account").host, verbs)
                if step.data.is_new_database:
                    yield Step(step.host, "undatabase", "drop its database again")
            case "install":
                text = f"remove {step.data.package} again"
                yield Step(step.host, "uninstall", text, data=step.data)
            case "account":
                text = "remove" if step.data.is_new else "take INSERT on centreon back from"
                text = f"{text} database user {DATABASE_USER}@{step.data.client}"
                yield Step(step.host, "unaccount", text, data=step.data)


def _output_back(broker: Broker, host: str, verbs: set[str]) -> Step:
    text = f"take the output for MAP out of {broker.name} again"
    text += ", and deploy" if "move" in verbs else ""
    return Step(host, "unoutput", text, data=Unoutput(broker, "move" in verbs, "cbd" in verbs))


def _first(done: Sequence[Step], verb: str) -> Step:
    return next(step for step in done if step.verb == verb)
