"""What an app is called."""

import re
from typing import NewType

from gitreceive.model.errors import BadCommand

AppName = NewType('AppName', str)

APP_NAME = re.compile(r'[a-z][a-z0-9-]{0,29}')


def parse_app_name(text: str) -> AppName:
    """``text`` as an app name: a lower-case letter, then up to 29 of ``a-z``, ``0-9``, ``-``.

    Raises BadCommand with the rule for anything else.
    """
    if not APP_NAME.fullmatch(text):
        shown = ascii(text[:40])
        raise BadCommand(
            f'{shown} is not an app name: a lower-case letter, then at most 29 of a-z, 0-9 and "-"'
        )
    return AppName(text)
