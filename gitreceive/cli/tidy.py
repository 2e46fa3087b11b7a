"""``gitreceive slug verify`` and ``gitreceive gc``: what is in storage, and what need not be."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path

import click

from gitreceive.cli.options import settings_options
from gitreceive.config.home import Home
from gitreceive.config.owner import as_owner
from gitreceive.config.settings import Settings
from gitreceive.model.app import AppName, parse_app_name
from gitreceive.model.errors import SlugError, SourceError, UnknownApp
from gitreceive.model.text import megabytes
from gitreceive.repositories.upkeep import collect_repository
from gitreceive.slugs.finding import Finding
from gitreceive.slugs.retention import Retention
from gitreceive.slugs.verify import Verifier
from gitreceive.wiring.storing import open_documents, open_retention, open_slug_files


@click.command()
@click.argument('file_or_app', required=False)
@click.option('--json', 'as_json', is_flag=True, help='for machines')
@settings_options
def verify(file_or_app: str | None, as_json: bool, settings: Settings) -> None:
    """Read everything in storage, or an app's slugs, or a .tgz file, and compare it with what was recorded."""
    if file_or_app and Path(file_or_app).is_file():
        _verify_file(Path(file_or_app), as_json)
        return
    if file_or_app and ('/' in file_or_app or file_or_app.endswith('.tgz')):
        raise SlugError(f'{file_or_app}: there is no such file')
    with _retention(settings) as retention:
        verifier = Verifier(retention=retention, documents=open_documents(settings, retention))
        if file_or_app:
            findings = list(verifier.verify_app(_known(file_or_app, retention)))
        else:
            findings = list(verifier.verify_storage())
    _report(findings, as_json)
    raise SystemExit(SlugError.exit_code if any(finding.harms for finding in findings) else 0)


@click.command()
@click.option('--dry-run', is_flag=True, help='say what would be removed, and remove nothing')
@click.option('--json', 'as_json', is_flag=True, help='for machines')
@settings_options
def gc(dry_run: bool, as_json: bool, settings: Settings) -> None:
    """Remove what no kept release needs (setting storage.keep_releases), and pack the repositories."""
    with _retention(settings) as retention:
        act = retention.garbage if dry_run else retention.collect
        found = [act(app) for app in retention.journal.apps.all()]
    objects = {each: size for garbage in found for each, size in garbage.objects.items()}
    packed = {} if dry_run else _packed(Home(settings.home).repos)
    if as_json:
        everything = {**packed, **objects}
        click.echo(
            json.dumps([{'object': each, 'size': size} for each, size in everything.items()], indent=2)
        )
        return
    if packed:
        click.echo(f'{megabytes(sum(packed.values()))} freed in {len(packed):,} repositories')
    for each, size in objects.items():
        click.echo(f'{megabytes(size):>12}  {each}')
    what = 'would be removed' if dry_run else 'removed'
    click.echo(f'{megabytes(sum(objects.values()))} in {len(objects):,} objects {what}')


def _packed(repos: Path) -> dict[str, int]:
    """Collects each repository; those that are smaller now, with the bytes. One that fails does not stop the others."""
    freed = {}
    for repo in sorted(repos.glob('*.git')):
        try:
            freed[f'repos/{repo.name}'] = collect_repository(repo)
        except (SourceError, OSError) as error:
            click.echo(f' !     {error}', err=True)
    return {name: size for name, size in freed.items() if size}


@contextmanager
def _retention(settings: Settings) -> Iterator[Retention]:
    """The daemon may run as another user than root, and has to open what is made here: locks, documents, notes."""
    with as_owner(Home(settings.home).daemon):
        retention = open_retention(settings)
        with closing(retention.journal):
            yield retention


def _known(text: str, retention: Retention) -> AppName:
    """An app; of a name that was mistyped nothing is missing either."""
    app = parse_app_name(text)
    if app not in retention.journal.apps.all():
        raise UnknownApp(f'no app {app} was ever pushed here; "gitreceive apps" lists them')
    return app


def _report(findings: list[Finding], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
        return
    for finding in findings:
        needed = f' (needed by {finding.release})' if finding.release else ''
        where = ' at '.join(filter(None, [finding.object, finding.mirror]))
        why = f': {finding.why}' if finding.why else ''
        click.echo(f'{finding.what:<12} {where}{needed}{why}')
    if not findings:
        click.echo('all objects verified')


def _verify_file(path: Path, as_json: bool) -> None:
    facts = open_slug_files().verify_slug(path)
    if as_json:
        click.echo(json.dumps(asdict(facts), indent=2))
        return
    click.echo(f'sha256   {facts.sha256}')
    click.echo(f'size     {facts.size:,} bytes')
    click.echo(f'files    {facts.files:,}, {facts.unpacked:,} bytes unpacked')
