"""The bare repositories: how C git is run on them, how they are made and kept small, and their refs."""

from gitreceive.repositories.bare import UNBORN, ensure_repository
from gitreceive.repositories.command import git, git_environment, owner, serve_command
from gitreceive.repositories.creators import check_creates
from gitreceive.repositories.refs import move_ref, point_head, read_ref
from gitreceive.repositories.releases import fetch_commit, keep_commit, keep_only

__all__ = [
    'UNBORN',
    'check_creates',
    'ensure_repository',
    'fetch_commit',
    'git',
    'git_environment',
    'keep_commit',
    'keep_only',
    'move_ref',
    'owner',
    'point_head',
    'read_ref',
    'serve_command',
]
