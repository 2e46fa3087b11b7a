"""What is secret does not leave with a slug, unless the app's people say that it may."""

from pathlib import Path

from tests.e2e.receiver import Pusher, Receiver, change, make_app

PASSWORD = 'c0rrect-h0rse-battery'


def test_a_push_with_something_secret_is_refused_by_path_until_it_is_gone_or_allowed(
    ann: Pusher, receiver: Receiver, tmp_path: Path
) -> None:
    work = make_app(tmp_path / 'work', {'.env': b'A=1\n'})
    refused = ann.push(work, 'discreet')
    assert refused.status == 1
    assert any('/app/src/.env: a file of environment variables' in line for line in refused.lines)
    assert not list((receiver.home.root / 'slugs').glob('discreet/*'))

    assert (
        ann.ssh('allow', 'discreet', '/app/src/.env')
        .out.strip()
        .endswith('/app/src/.env may hold what looks secret')
    )
    assert ann.push(work, 'discreet').json['release'] == 1

    receiver.host('config', 'discreet', f'DATABASE_URL=postgres://u:{PASSWORD}@db.example.test/x')
    change(work, {'settings': PASSWORD.encode()})
    refused = ann.push(work, 'discreet')
    assert refused.status == 1
    assert any(
        '/app/src/settings: the value of the config var DATABASE_URL' in line for line in refused.lines
    )
    assert PASSWORD not in refused.err

    change(work, {'settings': b'from the environment'})
    assert ann.push(work, 'discreet').json['release'] == 2
    assert (
        ann.ssh('allow', 'discreet', '--remove', '/app/src/.env')
        .out.strip()
        .endswith('no path may hold what looks secret')
    )
    change(work, {'.env': None})
    assert ann.push(work, 'discreet').json['release'] == 3
    for path in ('src/.env', '/app', '/app/../etc', '/app//x'):
        assert ann.ssh('allow', 'discreet', path).status == 1
