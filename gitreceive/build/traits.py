"""How a buildpack stands to the others: constants of its own ``plan.py``, so that adding one is adding its directory."""

from dataclasses import dataclass, fields
from types import ModuleType

from gitreceive.model.errors import SettingsError

DETECTED, ASKED = 'detected', 'asked'


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Each field is a constant of ``plan.py`` in capital letters, all of which may be left out.

    ``order``: buildpacks are asked from the lowest number up. ``assets``: whether the platform that makes assets works
    on the code first: ``detected``, wherever its marker is there; ``asked``, only if the app asks for both; empty,
    never. ``makes_assets`` is that marker, of the platform that makes them. ``yields``: steps back for a platform whose
    assets are ``detected``. ``program``: whether its processes are programs of the app, which might need that platform
    too. ``init``: whether ``gitreceive init`` writes its Dockerfile. ``install_env``: the config vars that installing
    packages looks at (``PIP_*``), beside those that manifests name.
    """

    order: int = 50
    assets: str = ''
    makes_assets: str = ''
    yields: bool = False
    program: bool = True
    init: bool = True
    install_env: tuple[str, ...] = ()

    @property
    def takes_assets(self) -> bool:
        """Whether an app may ask for this platform together with the one that makes assets."""
        return bool(self.assets)


ORDINARY = Traits()


def read_traits(module: ModuleType, place: str) -> Traits:
    """What a module declares. Raises SettingsError for a value that is none; ``place`` is what the error calls it."""
    declared = {
        each.name: getattr(module, each.name.upper())
        for each in fields(Traits)
        if hasattr(module, each.name.upper())
    }
    for name, value in declared.items():
        if type(value) is not type(getattr(ORDINARY, name)):
            raise SettingsError(
                f'{place}: {name.upper()} = {value!r:.60} is not what it should be: see Traits'
            )
    if declared.get('assets', '') not in ('', DETECTED, ASKED):
        raise SettingsError(f'{place}: ASSETS is "{DETECTED}", "{ASKED}", or left out')
    return Traits(**declared)
