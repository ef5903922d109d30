"""DesktopClient: what users of a legacy MAP server download, and a mirror of it."""
