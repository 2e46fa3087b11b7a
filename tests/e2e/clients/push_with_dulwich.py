"""Pushes with dulwich: KEY WORK OPTIONS REFSPEC..., prints a report as JSON (see client.py)."""

import io
import json
import os
import sys

from dulwich import porcelain

REMOTE = 'deploy'


def main(_key: str, work: str, options: str, *refspecs: str) -> dict[str, object]:
    """dulwich runs ``GIT_SSH_COMMAND``, which has the key in it."""
    said = io.BytesIO()
    done = porcelain.push(
        work,
        REMOTE,
        list(refspecs),
        outstream=io.BytesIO(),
        errstream=said,
        push_options=options.split(',') if options else None,
        ssh_command=os.environ['GIT_SSH_COMMAND'],
    )
    refs = {ref.decode(): cause or '' for ref, cause in (done.ref_status or {}).items()}
    return {'ok': not any(refs.values()), 'refs': refs, 'said': said.getvalue().decode(errors='replace')}


print(json.dumps(main(*sys.argv[1:])))
