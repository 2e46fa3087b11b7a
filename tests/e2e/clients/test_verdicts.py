"""Every client is told the truth: a failed build is a rejected ref with the cause, a good one is not."""

from pathlib import Path

from tests.e2e.clients.client import GitClient, add_remote, tracked
from tests.e2e.receiver import Pusher, change, head, make_app

MAIN = 'refs/heads/main:refs/heads/main'
FAILS = b'FROM gitreceive/cedar:12-build\nRUN sleep 1; exit 3\n'

TRACKS_REGARDLESS = ('dulwich',)
"""dulwich's ``porcelain.push`` moves the remote-tracking branch before it looks at the report; no server can help that."""

NAMES_ONE_REF = ('go-git',)
"""What go-git returns names the first ref that was rejected."""


def test_a_failed_build_is_a_rejected_ref_and_a_good_one_is_taken(
    ann: Pusher, client: GitClient, tmp_path: Path
) -> None:
    app = f'verdict-{client.name.replace(" ", "-").lower()}'
    work = add_remote(ann, make_app(tmp_path / 'work'), app)
    first = client.push(ann, work, [MAIN])
    good = head(work)
    assert (first.ok, first.refs) == (True, {'refs/heads/main': ''}), first
    assert tracked(work) == good == ann.receiver.ref(app)
    change(work, {'Dockerfile': FAILS})
    second = client.push(ann, work, [MAIN])
    assert not second.ok, second
    assert list(second.refs) == ['refs/heads/main']
    assert 'exit' in second.refs['refs/heads/main'] and '3' in second.refs['refs/heads/main'], second.refs
    assert 'Building' in second.said
    assert ann.receiver.ref(app) == good
    assert tracked(work) == good or client.name in TRACKS_REGARDLESS
    change(work, {'Dockerfile': None, 'file': b'mended'})
    third = client.push(ann, work, [MAIN])
    assert third.ok, third
    assert tracked(work) == head(work) == ann.receiver.ref(app)


def test_a_first_push_that_fails_leaves_no_remote_tracking_branch(
    ann: Pusher, client: GitClient, tmp_path: Path
) -> None:
    app = f'first-{client.name.replace(" ", "-").lower()}'
    work = add_remote(ann, make_app(tmp_path / 'work', {'Dockerfile': FAILS}), app)
    report = client.push(ann, work, [MAIN])
    assert not report.ok, report
    assert report.refs.get('refs/heads/main'), report
    assert ann.receiver.ref(app) is None
    assert tracked(work) is None or client.name in TRACKS_REGARDLESS


def test_a_plan_releases_nothing_and_says_so_of_every_ref(
    ann: Pusher, client: GitClient, tmp_path: Path
) -> None:
    app = f'plan-{client.name.replace(" ", "-").lower()}'
    work = add_remote(ann, make_app(tmp_path / 'work'), app)
    report = client.push(ann, work, [MAIN, 'refs/heads/main:refs/heads/side'], ['plan'])
    assert not report.ok, report
    said = [cause for cause in report.refs.values() if 'planned, nothing was released' in cause]
    assert len(said) == (1 if client.name in NAMES_ONE_REF else 2), report
    assert (ann.receiver.ref(app), ann.receiver.ref(app, 'refs/heads/side')) == (None, None)
    assert client.name in TRACKS_REGARDLESS or (tracked(work), tracked(work, 'side')) == (None, None)
