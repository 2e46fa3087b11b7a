"""Answers the verbs of logs."""

from gitreceive.commands import builds
from gitreceive.daemon.follow import missing_log, read_log
from gitreceive.daemon.socket import Answering
from gitreceive.daemon.verbs.parts import Answers, Asking, Parts
from gitreceive.grammar.parsing import Invocation
from gitreceive.grammar.wire import End
from gitreceive.model.access import Actor


def _logs(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> Answering:
    build = builds.find_build(actor, asked.app, asked.number('build'), parts.home, parts.journal)
    if asked.switch('follow'):
        return (yield from parts.followed(build.number))
    yield missing_log(build, parts.home)
    yield from read_log(parts.home, build.number)
    if build.state.final:
        yield parts.follower.closing(build)
    return End(0)


ANSWERS: Answers = {
    'logs': _logs,
}
