"""OpenStack Swift with its S3 middleware, all four servers in one process: ``swift_server.py DIRECTORY PORT-FILE [CLOCK]``.

It checks signatures, clocks and checksums as the production service that it is, and comes by pip. Here it has one
device and one replica, and its clock is ``CLOCK`` seconds off. A second port
speaks its own protocol, without asking who is there: S3 has no word for a quota.
"""

import sys
import time
from pathlib import Path

import eventlet

eventlet.monkey_patch()

from eventlet import wsgi  # noqa: E402
from swift.common import utils  # noqa: E402
from swift.common.middleware.s3api import s3request  # noqa: E402
from swift.common.ring import RingBuilder  # noqa: E402
from swift.common.wsgi import loadapp  # noqa: E402

BACKENDS = ('account', 'container', 'object')
PIPELINE = (
    'catch_errors proxy-logging listing_formats s3api tempauth container-quotas bulk slo dlo proxy-server'
)
PROXY = f"""
[DEFAULT]
swift_dir = {{root}}
[pipeline:main]
pipeline = {PIPELINE}
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
location = us-east-1
allow_multipart_uploads = true
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
user_test_reader = reading
[filter:slo]
use = egg:swift#slo
""" + ''.join(
    f'[filter:{name}]\nuse = egg:swift#{name.replace("-", "_")}\n'
    for name in ('catch_errors', 'proxy-logging', 'listing_formats', 'container-quotas', 'bulk', 'dlo')
)
BACKEND = """
[DEFAULT]
swift_dir = {root}
devices = {root}/devices
mount_check = false
fallocate_reserve = 0
disable_fallocate = true
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""


def main(root: Path, port_file: Path, clock: int) -> None:
    s3request.S3Timestamp.now = classmethod(lambda kind: kind(time.time() + clock))
    (root / 'devices' / 'disk').mkdir(parents=True)
    (root / 'swift.conf').write_text('[swift-hash]\nswift_hash_path_suffix = tests\n')
    utils.set_swift_dir(str(root))
    for name in BACKENDS:
        socket = eventlet.listen(('127.0.0.1', 0))
        ring(root, name, socket.getsockname()[1])
        serve(root, name, BACKEND, socket)
    socket = eventlet.listen(('127.0.0.1', 0))
    server = serve(root, 'proxy', PROXY, socket)
    open_socket = eventlet.listen(('127.0.0.1', 0))
    serve(root, 'open', PROXY.replace(PIPELINE, 'container-quotas proxy-server'), open_socket)
    ports = [each.getsockname()[1] for each in (socket, open_socket)]
    port_file.with_suffix('.new').write_text(' '.join(map(str, ports)))
    port_file.with_suffix('.new').rename(port_file)
    server.wait()


def ring(root: Path, name: str, port: int) -> None:
    builder = RingBuilder(part_power=2, replicas=1, min_part_hours=1)
    device = {'region': 1, 'zone': 1, 'weight': 1, 'ip': '127.0.0.1', 'port': port, 'device': 'disk'}
    builder.add_dev({**device, 'replication_ip': '127.0.0.1', 'replication_port': port})
    builder.rebalance()
    builder.get_ring().save(str(root / f'{name}.ring.gz'))


def serve(
    root: Path, name: str, text: str, socket: eventlet.greenio.GreenSocket
) -> eventlet.greenthread.GreenThread:
    conf = root / f'{name}-server.conf'
    conf.write_text(text.format(root=root, name=name))
    return eventlet.spawn(wsgi.server, socket, loadapp(str(conf)), log_output=False)


if __name__ == '__main__':
    main(Path(sys.argv[1]), Path(sys.argv[2]), int((sys.argv[3:] or ['0'])[0]))
