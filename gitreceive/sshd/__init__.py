"""The SSH server: checks keys, and hands each session to a git or to the daemon."""
