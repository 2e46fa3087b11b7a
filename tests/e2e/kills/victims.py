"""Who is hit, and where."""

VICTIMS = {
    'hook': ('hook',),
    'daemon': ('daemon',),
    'both': ('daemon', 'hook'),
    'git': ('git',),
    'sshd': ('sshd',),
    'all': ('daemon', 'sshd', 'git', 'hook'),
}
"""Who dies."""

UNHEARD = ('sshd', 'all')
"""Whose death cuts the client off from the truth; git's does, too, before it has written its report."""

STANDING = ('hook', 'daemon', 'git', 'sshd', 'client')
"""Who stands still for a while."""

STILL_SECONDS = 3.0
"""How long: less than what makes a daemon one that does not answer."""

ON_FAILURE = ('build.failed', 'ref.moved_back')
"""Points that only a failing build passes."""
