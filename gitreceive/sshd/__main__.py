"""``python -m gitreceive.sshd``: the SSH server alone, without importing what only the daemon needs."""

from gitreceive.cli.sshd import main

main()
