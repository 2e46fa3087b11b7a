"""Dockerfiles of builds that last."""

import os


def running(command: str) -> bytes:
    """One whose command runs in each build of each test: an engine that has built the like has nothing cached."""
    return (
        f'FROM gitreceive/cedar:12-build\nCOPY . /app/src\nRUN : {os.urandom(8).hex()}; {command}\n'.encode()
    )
