"""A developer's machine: an app's directory, commands in it as processes, and what they leave in the engine."""

import os
import re
import select
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import docker

from gitreceive.adapters.buildkit.builder import HOME_LABEL
from gitreceive.local.home import LocalHome
from gitreceive.local.running import HOME_LABEL as RUN_LABEL

Done = subprocess.CompletedProcess[str]
GITRECEIVE = [sys.executable, '-m', 'gitreceive.cli.main']
SERVER = r"""
use IO::Socket::INET;
$| = 1;
my $server = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 5, ReuseAddr => 1) or die;
$SIG{TERM} = sub { print "going\n"; exit 3 };
print "ready on $ENV{PORT}\n";
while (1) {
    my $client = $server->accept or next;
    while (defined(my $line = <$client>)) { last if $line =~ /^\r?$/ }
    print $client "HTTP/1.0 200 OK\r\n\r\n$ENV{GREETING}";
    close $client;
}
"""
PROCFILE = """
web: cd . && perl server.pl
once: echo "$PORT ${PORT}"; echo "$GREETING" >&2; pwd; id -un; ls -A; command -v gcc; exit 7
deaf: trap '' TERM; echo up; while :; do sleep 0.1; done
lines: echo up; exec yes
console: bash --norc
"""
PATIENCE = 60
ENV = 'GREETING="good  morning # \'all\'\nof you"\n'


@dataclass
class Machine:
    """A developer's: the app's directory, and commands in it."""

    folder: Path
    environ: Mapping[str, str]
    engine: docker.DockerClient
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def run(self, *words: str, text: str = '', **environ: str) -> Done:
        return subprocess.run(
            [*GITRECEIVE, *words],
            cwd=self.folder,
            env={**self.environ, **environ},
            input=text,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def start(self, *words: str, until: str) -> subprocess.Popen[str]:
        """Started in the background; it has said ``until``."""
        process = subprocess.Popen(
            [*GITRECEIVE, *words],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.running.append(process)
        assert process.stdout
        said: list[str] = []
        while not any(until in line for line in said):
            line = process.stdout.readline()
            assert line, ''.join(said)
            said.append(line)
        self.said = ''.join(said)
        return process

    def images(self) -> list[str]:
        return sorted(
            image.id for image in self.engine.images.list(filters={'label': f'{HOME_LABEL}={self.name}'})
        )

    def containers(self) -> list[str]:
        return [
            each.id
            for each in self.engine.containers.list(all=True, filters={'label': f'{RUN_LABEL}={self.name}'})
        ]

    @property
    def name(self) -> str:
        return LocalHome(Path(self.environ['GITRECEIVE_HOME']) / 'local').name()


class Screen:
    """What a terminal shows."""

    def __init__(self, terminal: int) -> None:
        self.terminal, self.shown = terminal, ''

    def until(self, wanted: str) -> None:
        """Reads until something matches, and forgets it."""
        while not re.search(wanted, self.shown):
            ready, _, _ = select.select([self.terminal], [], [], PATIENCE)
            assert ready, f'{wanted} did not come in {PATIENCE} seconds: {self.shown!r}'
            self.shown += os.read(self.terminal, 1000).decode('utf-8', 'replace')
        self.shown = ''


def fetched(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return str(answer.read().decode())
