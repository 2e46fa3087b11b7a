"""Named points where a test may let the process die as if by ``kill -9``.

``GITRECEIVE_KILL_AT=slug.stored:2`` kills this process with SIGKILL when it passes ``slug.stored`` for the second
time. Without that variable a point does nothing.
"""

import os
import signal
import threading

POINTS = (
    'plan.received',
    'push.announced',
    'push.received',
    'push.journaled',
    'build.started',
    'plan.chosen',
    'image.building',
    'image.built',
    'chunk.packed',
    'chunk.stored',
    'slug.cut',
    'slug.composed',
    'slug.stored',
    'release.created',
    'release.live',
    'slug.reduced',
    'document.stored',
    'build.failed',
    'ref.moved_back',
)

CHANGE_POINTS = (
    'release.starting',
    'instances.up',
    'route.switched',
    'change.committed',
    'instances.kept',
    'instance.retired',
)
"""Those of a change of what runs, in their order: passed where releases are run."""

RENAME_POINTS = ('rename.copied', 'rename.moved', 'rename.committed')
"""Those of an app that is renamed, in their order."""

_lock = threading.Lock()
_passed: dict[str, int] = {}


def point(name: str) -> None:
    """Marks that the process has come this far."""
    wanted, _, count = os.environ.get('GITRECEIVE_KILL_AT', '').partition(':')
    if wanted != name:
        return
    with _lock:
        _passed[name] = _passed.get(name, 0) + 1
        if _passed[name] == int(count or 1):
            os.kill(os.getpid(), signal.SIGKILL)
