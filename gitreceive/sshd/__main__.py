"""``python -m gitreceive.sshd``: the door alone, without importing what only the builder needs."""

from gitreceive.cli.sshd import main

main()
