"""An app that was built: its image, what it was made of, and the plan as the build has completed it."""

from dataclasses import dataclass

from gitreceive.build.planning import Planned
from gitreceive.model.app import AppName
from gitreceive.model.errors import BadCommand
from gitreceive.model.plan import Plan
from gitreceive.model.process import ProcessType
from gitreceive.model.slug import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """An app's image, what it was made of, and the plan as the build has completed it."""

    app: AppName
    planned: Planned
    plan: Plan
    image: Image

    @property
    def committed(self) -> int:
        """The time of the code's files in the slug, in whole seconds since the epoch."""
        return self.planned.source.committed

    def process(self, name: str) -> ProcessType:
        """The process type of that name. Raises BadCommand with those that there are."""
        found = {process.name: process for process in self.plan.processes}
        if name not in found:
            raise BadCommand(f'there is no process type "{name}"; there are: {", ".join(found) or "none"}')
        return found[name]
