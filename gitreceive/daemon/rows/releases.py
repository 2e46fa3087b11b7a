"""One release, with all that is known of it."""

from gitreceive.commands.releases import ReleaseInfo
from gitreceive.daemon import render
from gitreceive.model.text import megabytes


def release_record(info: ReleaseInfo, url: str, json_wanted: bool) -> render.Row:
    """A release, whose slug is at ``url``; of its config vars the names."""
    release = info.release
    row = render.release_row(release, url, json_wanted=True)
    if json_wanted:
        return {**row, 'config': list(info.config), 'running': dict(release.running)}
    processes = ', '.join(f'{each.name}: {each.command}' for each in release.processes)
    versions = ', '.join(f'{tool} {version}' for tool, version in release.versions.items())
    shown = {**row, 'size': megabytes(release.slug.size), 'processes': processes, 'versions': versions}
    return {**shown, 'config': ', '.join(info.config)}
