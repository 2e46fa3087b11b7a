"""``python -m gitreceive.door``: the door alone, without importing what only the builder needs."""

from gitreceive.cli.door import main

main()
