"""The mark that tells the layers of the code from those below it.

A Dockerfile that copies the code gets one more instruction before that: it copies an empty file to a place outside of
``/app``. The layer with its directory is the boundary, in every engine and whatever was cached: below it is what depends
on manifests alone.
"""

import re
from dataclasses import replace

from gitreceive.model.plan import CODE_MARK, ContextFile, Recipe

FILE = ContextFile(name='mark/code', content=b'')
INSTRUCTION = f'COPY ["mark", "{CODE_MARK}"]\n'
CODE = re.compile(r'^COPY (?:--\S+ )*\["(?:src|/app/src(/[^"]+)?)", "/app/src(?(1)\1)"\]$', re.MULTILINE)
"""The whole code; or of a stage before, all of it or the one directory that is needed."""


def marked(recipe: Recipe) -> Recipe:
    """The recipe with the mark before its code, in the last stage; as it is if that does not copy it to ``/app/src``. Pure.

    An app's own Dockerfile stays as it is whatever it copies: the mark is not in its context.
    """
    found = list(CODE.finditer(recipe.dockerfile))
    if not found or not recipe.code:
        return recipe
    last = found[-1]
    before, after = recipe.dockerfile[: last.start()], recipe.dockerfile[last.start() :]
    return replace(recipe, dockerfile=before + INSTRUCTION + after, files=(*recipe.files, FILE))
