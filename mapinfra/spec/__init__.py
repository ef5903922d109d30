"""What is wanted: the spec of one environment, read from YAML and checked as a whole."""

from mapinfra.spec.json_schema import schema
from mapinfra.spec.loader import Located, load, locate, locate_text
from mapinfra.spec.model import BrokerOutput, Central, MapServer, Remote, Spec
from mapinfra.spec.references import check_secrets

__all__ = [
    "BrokerOutput",
    "Central",
    "Located",
    "MapServer",
    "Remote",
    "Spec",
    "check_secrets",
    "load",
    "locate",
    "locate_text",
    "schema",
]
