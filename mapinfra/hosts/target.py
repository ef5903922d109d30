"""Where a host is and how to get in: what a spec, and a resource's inputs, say on one host."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from mapinfra.secrets import SecretReference

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ssh(_Model):
    """How to reach a host by SSH. What isn't given here is taken from `~/.ssh/config`."""

    host: Annotated[
        str | None,
        Field(
            description="Name, address, or alias of the SSH configuration; default: the name the "
            "host has in the spec."
        ),
    ] = None
    port: Annotated[Port | None, Field(description="TCP port of sshd; default 22.")] = None
    user: Annotated[str | None, Field(description="User to log in as.")] = None
    identity_file: Annotated[
        str | None,
        Field(description="Private key; default: the agent's keys and those of the SSH config."),
    ] = None
    identity_passphrase: Annotated[
        SecretReference | None, Field(description="Passphrase of the private key.")
    ] = None
    config: Annotated[
        str | None,
        Field(
            description="SSH configuration file, relative to the project's folder; default "
            "`~/.ssh/config`, then `/etc/ssh/ssh_config`."
        ),
    ] = None
    host_key: Annotated[
        str | None,
        Field(
            pattern=r"^(ssh|ecdsa|sk)-\S+ [A-Za-z0-9+/=]+$",
            description="The host's public key, `type base64`, as in known_hosts; no other is "
            "accepted then. Without it the key must be in known_hosts.",
        ),
    ] = None
    jump: Annotated[
        str | None,
        Field(description="Jump host, `[user@]host[:port]`, several separated by commas."),
    ] = None
    jump_host_key: Annotated[
        str | None,
        Field(
            pattern=r"^(ssh|ecdsa|sk)-\S+ [A-Za-z0-9+/=]+(,(ssh|ecdsa|sk)-\S+ [A-Za-z0-9+/=]+)*$",
            description="The jump host's public key, as `host_key`; for several jump hosts one "
            "for each, separated by commas, in their order.",
        ),
    ] = None
    become: Annotated[
        Literal["none", "sudo"],
        Field(description="`sudo`: commands run as root through sudo. `none`: as the login user."),
    ] = "none"
    sudo_password: Annotated[
        SecretReference | None, Field(description="Password for sudo, where it asks for one.")
    ] = None
    connect_timeout: Annotated[
        Seconds, Field(description="Seconds that connecting may take, all tries together.")
    ] = 10.0
    command_timeout: Annotated[
        Seconds, Field(description="Seconds that one ordinary command or query may take.")
    ] = 60.0


class Database(_Model):
    """How to reach a host's MariaDB, from that host itself, through the SSH connection."""

    user: Annotated[str, Field(min_length=1, description="MariaDB user.")]
    password: Annotated[
        SecretReference | None,
        Field(description="Password; none for a user that MariaDB knows by its unix socket."),
    ] = None
    name: Annotated[str, Field(min_length=1, description="Centreon's configuration database.")] = (
        "centreon"
    )
    host: Annotated[str, Field(description="Address of MariaDB as seen from the host.")] = (
        "127.0.0.1"
    )
    port: Annotated[Port, Field(description="TCP port of MariaDB.")] = 3306
    socket: Annotated[
        str | None,
        Field(description="Unix socket on the host; used instead of address and port."),
    ] = None

    @property
    def is_local(self) -> bool:
        """Whether MariaDB runs on the host itself."""
        return self.socket is not None or self.host in ("localhost", "127.0.0.1", "::1")


class Target(_Model):
    """One host of the spec: its name there, the two ways in, and what is read of it.

    `reads` are names of surveys. They are no part of a resource's inputs: what a resource reads
    follows from its type.
    """

    name: Annotated[str, Field(min_length=1, description="Its name in messages.")]
    ssh: Annotated[Ssh, Field(description="How to reach it by SSH.")]
    database: Annotated[Database | None, Field(description="How to reach its MariaDB.")] = None
    reads: Annotated[tuple[str, ...], Field(exclude=True)] = ("centreon",)

    def reading(self, *surveys: str) -> Self:
        """Return this host with other surveys to read."""
        return self.model_copy(update={"reads": surveys})
