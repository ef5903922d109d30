"""The vendor's rules on versions. Nothing here reads or changes a host."""
