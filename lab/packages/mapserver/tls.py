"""TLS as the server's configuration asks for it: by a Spring profile, or by keys of newer versions.

The documented profiles take a PKCS12 keystore; here `centreon-map.keystore` is a PEM file with key
and certificate. Of the newer keys only `centreon-map.tls.enabled` is known, the others are our own.
"""

import re
import ssl
import sys
from collections.abc import Mapping


def context(settings: Mapping[str, str]) -> ssl.SSLContext | None:
    """What the server's port speaks, None for plain HTTP. Raises OSError without a keystore."""
    files = _files(settings)
    if files is None:
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*files)
    return made


def _files(settings: Mapping[str, str]) -> tuple[str, ...] | None:
    if settings.get("centreon-map.tls.enabled") == "true":
        return settings["centreon-map.tls.certificate"], settings["centreon-map.tls.key"]
    asked = re.search(r"spring\.profiles\.active=(\S*)", " ".join(sys.argv[1:]))
    profiles = asked[1].split(",") if asked else []
    if "tls" in profiles or "tls_broker" in profiles:
        return (settings["centreon-map.keystore"],)
    return None
