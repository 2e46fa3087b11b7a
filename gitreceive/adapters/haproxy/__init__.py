"""The router: HAProxy from the Debian package, with a configuration, a socket and a log of its own."""
