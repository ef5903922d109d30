"""Where Centreon Web is and how to get in: that part of a spec and of a resource's inputs."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mapinfra.secrets import SecretReference

_URL = r"https?://[^\s/@?#]+(/[^\s?#]*)?"


def _url(url: str) -> str:
    if not re.fullmatch(_URL, url) or not _address(url):
        raise ValueError(
            "not the address of Centreon Web (http or https, no user or password in it); "
            "write one such as https://central.example.net/centreon"
        )
    return url.rstrip("/")


def _address(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        return parts.hostname if parts.port != 0 else None
    except ValueError:
        return None


class Api(BaseModel):
    """Centreon's web API on the central."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[
        str,
        AfterValidator(_url),
        Field(
            description="Address of Centreon Web, as in a browser: "
            "`https://central.example.net/centreon`.",
            json_schema_extra={"pattern": f"^{_URL}$"},
        ),
    ]
    user: Annotated[
        str,
        Field(min_length=1, description="Centreon user, an administrator, who may reach the API."),
    ]
    password: Annotated[SecretReference, Field(description="That user's password.")]
    ca_file: Annotated[
        str | None,
        Field(
            min_length=1,
            description="File of the certificate authorities (PEM) to trust, relative to the "
            "project's folder; default: the system's.",
        ),
    ] = None
    timeout: Annotated[
        float, Field(gt=0, le=3600, description="Seconds that one call may take.")
    ] = 60.0

    @property
    def host(self) -> str:
        """The host part of the address."""
        return _address(self.url) or ""
