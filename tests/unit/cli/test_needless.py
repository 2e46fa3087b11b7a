"""What an idle daemon does not hold in memory."""

import subprocess
import sys

LOADED = """
import sys
import gitreceive.cli.main as program
sys.argv = ['gitreceive', 'daemon', '--help']
try:
    program.main()
except SystemExit:
    print(*sorted({name.partition('.')[0] for name, module in sys.modules.items() if module}))
"""


def test_the_daemon_starts_without_what_it_may_never_need() -> None:
    done = subprocess.run([sys.executable, '-c', LOADED], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert 'docker' in loaded
    assert loaded.isdisjoint(
        {'paramiko', 'asyncio', 'charset_normalizer', 'cyclonedx', 'spdx', 'google', 'boto3'}
    )
    assert done.stderr == ''
