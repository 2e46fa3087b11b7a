"""Opens another receiver of slugs."""

from collections.abc import Mapping

from gitreceive.adapters.platform.heroku import HEROKU as HEROKU
from gitreceive.adapters.platform.heroku import HerokuPlatform
from gitreceive.local.ports import Platform


def open_platform(address: str, environ: Mapping[str, str]) -> Platform:
    """Another receiver of slugs, with the token that ``environ`` or ``.netrc`` has for it. Raises SettingsError."""
    return HerokuPlatform.from_environment(address, environ)
