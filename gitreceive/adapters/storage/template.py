"""Where an object lies at a server whose URL is a template: ``https://host/{app}/{version}/{sha256}.tgz``. Pure."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from gitreceive.adapters.storage.names import checked
from gitreceive.model.errors import SettingsError, StorageError

FORMS = (['app', 'sha256'], ['app', 'version'], ['app', 'sha256', 'version'])
"""What a template may have in braces, sorted."""
ENDING = re.compile(r'\.[A-Za-z0-9]+$')
EXAMPLE = 'https://slugs.example.com/{app}/{sha256}.tgz'


@dataclass(frozen=True, slots=True)
class Template:
    """``text`` has ``{app}`` and ``{sha256}`` or ``{version}`` or both; without braces names are added to it."""

    text: str

    @property
    def fields(self) -> list[str]:
        """What stands in braces."""
        return re.findall(r'\{(.*?)\}', self.text)

    def check(self) -> None:
        """Raises SettingsError."""
        if self.fields and sorted(self.fields) not in FORMS:
            raise SettingsError(
                f'storage.url = {self.text!r}: a template has {{app}}, and {{sha256}} or {{version}} or both, '
                f'once each, as {EXAMPLE}'
            )
        rest = re.sub(r'\{(?:app|sha256|version)\}', '', self.text)
        if '{' in rest or '{' in urlsplit(self.text).netloc:
            raise SettingsError(
                f'storage.url = {self.text!r}: braces are for {{app}}, {{sha256}} and {{version}} in the path'
            )

    def fill(self, name: str, version: int) -> str:
        """The URL of an object. Raises StorageError for a name that the template has no place for."""
        if not self.fields:
            return f'{self.text.rstrip("/")}/{quote(checked(name))}'
        app, sha256, kind = split(name)
        if not kind:
            raise StorageError(f'{name}: {self.text} has a place for APP/SHA256.tgz and .json, not for this')
        return ENDING.sub('', self.text).format(app=app, sha256=sha256, version=version) + kind


def split(name: str) -> tuple[str, str, str]:
    """The app, the checksum and the kind (``.tgz``) of an object of a slug; no kind if it is none of a slug.

    Raises StorageError.
    """
    app, _, rest = quote(checked(name)).partition('/')
    sha256, dot, kind = rest.partition('.')
    return app, sha256, dot + kind if sha256 and kind and '/' not in rest else ''
