"""What is wanted: the spec of one environment, read from YAML and checked as a whole."""

from mapinfra.spec.json_schema import schema
from mapinfra.spec.loader import load
from mapinfra.spec.model import BrokerOutput, Central, MapServer, Remote, Spec

__all__ = ["BrokerOutput", "Central", "MapServer", "Remote", "Spec", "load", "schema"]
