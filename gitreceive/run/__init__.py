"""How the processes of a release are started."""
