"""The builder's socket, without a builder."""

import os
import socket
from pathlib import Path

from gitreceive.daemon.socket import SocketServer
from tests.signals import sleeps, unnoticed


def test_a_signal_that_interrupts_nothing_ends_it_too(tmp_path: Path) -> None:
    path = tmp_path / 'socket'
    server = SocketServer(path, frozenset({os.geteuid()}), None, lambda fields, peer: (piece for piece in ()))

    def knock() -> None:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))

    with unnoticed(server.close, sleeps, rescue=knock):
        server.serve()
    assert not path.exists()
