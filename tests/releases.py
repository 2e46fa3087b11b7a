"""Releases as tests record them."""

from dataclasses import replace

from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.operation import Operation
from gitreceive.model.push import Commit
from gitreceive.model.release import Release
from gitreceive.model.slug import StoredSlug


def release_of(operation: Operation, slug: StoredSlug, **said: object) -> Release:
    """What an operation makes of a slug, without a version yet; ``said`` are the fields that matter to a test."""
    release = Release(
        app=operation.app,
        version=0,
        operation=operation.number,
        commit=operation.commit,
        slug=slug,
        processes=(),
        versions={},
        created=9.0,
        actor=operation.actor,
        buildpack='node',
        stack='cedar-12',
    )
    return replace(release, **said)  # type: ignore[arg-type]


def release_by(app: AppName) -> Release:
    """The first release of an app, of a slug that is nowhere."""
    return Release(
        app=app,
        version=1,
        operation=1,
        commit=Commit('1' * 40),
        slug=StoredSlug(sha256='5' * 64, size=9),
        processes=(),
        versions={},
        created=9.0,
        actor=Actor(name='ann'),
        buildpack='node',
        stack='cedar-12',
    )
