"""MapInstallation: MAP on its server, and its web client on the server that it serves."""
