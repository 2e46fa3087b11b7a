"""What a push of a directory would do, reported without an engine."""

from pathlib import Path

from gitreceive.build.planning import Planner
from gitreceive.build.platforms import open_planner as open_planner
from gitreceive.build.preview import preview_plan
from gitreceive.build.report import as_record, report_planned
from gitreceive.build.sources.workdir import WorkingDirectory
from gitreceive.model.progress import Console


def report_directory(directory: Path, planner: Planner, console: Console) -> None:
    """The plan for people. Raises what planning raises."""
    with WorkingDirectory(directory) as source:
        report_planned(preview_plan(planner, source, {}), console)


def directory_record(directory: Path, planner: Planner) -> dict[str, object]:
    """The plan for machines. Raises what planning raises."""
    with WorkingDirectory(directory) as source:
        return as_record(preview_plan(planner, source, {}))
