"""A small app for each platform, for pushes that find most of their work done before. No lock file names a registry."""

import json
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.apps import App, example_app

CASES = Path(__file__).parent.parent / 'tests' / 'integration' / 'apps'
RUBY = {
    'Procfile': 'web: bundle exec ruby server.rb\n',
    'Gemfile': 'ruby "~> 3.1"\n',
    'Gemfile.lock': 'GEM\n  specs:\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n\nBUNDLED WITH\n   2.3.15\n',
    'server.rb': 'require "socket"\nTCPServer.new(ENV["PORT"]).accept\n',
}
UV = {
    'Procfile': 'web: python -m http.server $PORT\n',
    'pyproject.toml': '[project]\nname = "hello"\nversion = "1"\nrequires-python = ">=3.11"\n',
    'uv.lock': (
        'version = 1\nrequires-python = ">=3.11"\n\n'
        '[[package]]\nname = "hello"\nversion = "1"\nsource = { virtual = "." }\n'
    ),
    'hello.py': 'print("hello")\n',
}
BUN = {
    'Procfile': 'web: bun server.js\n',
    'package.json': '{"name": "hello", "dependencies": {"ms": "2.1.3"}}\n',
    'bun.lock': """\
{
  "lockfileVersion": 2,
  "configVersion": 1,
  "workspaces": {"": {"name": "hello", "dependencies": {"ms": "2.1.3"}}},
  "packages": {
    "ms": ["ms@2.1.3", "", {}, "sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA=="],
  }
}
""",
    'server.js': 'Bun.serve({ port: process.env.PORT, fetch: () => new Response("hello") });\n',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Growing:
    """An app whose dependencies change: ``renew`` writes change number N. ``cache`` is the name of its buildpack's cache."""

    app: App
    cache: str
    renew: Callable[[Path, int], None]


def plain_app() -> App:
    """What the others are measured by."""
    return example_app('node', 'Node.js', 'server.js', '//')


def interpreted_apps() -> dict[str, App]:
    """Apps of the platforms that compile nothing, by name."""
    return {
        'static': _app('static', 'static site', 'index.html', '<p>', {'index.html': '<h1>Hello</h1>\n'}),
        'ruby': _app('ruby', 'Ruby', 'server.rb', '#', RUBY),
        'pip': example_app('python', 'Python with pip', 'app.py', '#'),
        'uv': _app('uv', 'Python with uv', 'hello.py', '#', UV),
        'poetry': _case('python/poetry', 'Python with Poetry', 'server.py', '#'),
        'pipenv': _case('python/pipenv', 'Python with Pipenv', 'server.py', '#'),
        'pdm': _case('python/pdm', 'Python with PDM', 'server.py', '#'),
        'bun': _app('bun', 'Bun', 'server.js', '//', BUN),
        'deno': _case('deno/npm-package', 'Deno', 'main.ts', '//'),
        'php': _case('php/page', 'PHP', 'index.php', '//'),
        'classic': _case('classic/inline', 'classic buildpack', 'serve.pl', '#'),
        'minimal': _case('minimal/shell', 'minimal', 'serve.pl', '#'),
        'dockerfile': _case('dockerfile/stack-and-cmd', 'Dockerfile', 'serve.pl', '#'),
    }


def growing_apps() -> dict[str, Growing]:
    """Apps of the platforms whose package managers have much to download or to compile, by name."""
    return {
        'node': Growing(app=plain_app(), cache='npm', renew=_add_package),
        'java': Growing(
            app=_case('java/main-class', 'Java with Maven', 'pom.xml', ''),
            cache='java',
            renew=_in('pom.xml', '<!--{}-->'),
        ),
        'scala': Growing(
            app=_case('scala/native-packager', 'Scala', 'build.sbt', ''),
            cache='scala',
            renew=_in('build.sbt', '// {}'),
        ),
        'go': Growing(app=_case('go/modules', 'Go', 'main.go', '//'), cache='go', renew=_require),
    }


# Change number N takes the Nth, and after the last one the first; the apps of the tests come with the first.
PACKAGES = {
    'dayjs@1.11.13': 'oaMBel6gjolK862uaPQOVTA7q3TZhuSvuMQAAglQDOWYO9A91IrAOUJEyKVlqJlHE0vq5p5UXxzdPfMH/x6xNg==',
    'marked@15.0.12': '8dD6FusOQSrpv9Z1rdNMdlSgQOIP880DHqnohobOmYLElGEqAL/JvxvuxZO16r4HtjTlfPRDC1hbvxC9dPN2nA==',
    'mime@4.0.7': '2OfDPL+e03E0LrXaGYOtTFIYhiuzep94NSsuhrNULq+stylcJedcHdzHtz0atMUuGwJfFYs0YL5xeC/Ca2x0eQ==',
    'nanoid@5.1.5': 'Ir/+ZpE9fDsNH0hQ3C68uyThDXzYcim2EqcZ8zn8Chtt1iylPT9xXJB0kPCnqzgcEGikO9RxSrh63MsmVCU7Fw==',
    'semver@7.7.2': 'RF0Fw+rO5AMf9MAyaRXI4AV0Ulj5lMHqVxxdSgiVbixSCXoEmmX/jk0CuJw4+3SqroYO9VoUh+HcuJivvtJemA==',
    'yaml@2.8.0': '4lLa/EcQCB0cJkyts+FpIRx5G/llPxfP6VQU5KByHEhLxY3IJCH0f0Hy1MHI8sClTvsIb8qwRJ6R/ZdlDJ/leQ==',
}
TEXTS = ('1.12.0', '1.10.0', '1.11.0', '1.13.0', '1.13.1', '1.14.0')
UUIDS = {
    'v1.6.0': 'NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0=',
    'v1.5.0': '1p67kYwdtXjb0gL0BPiP1Av9wiZPo5A8z2cWkTZ+eyU=',
    'v1.4.0': 'MtMxsa51/r9yyhkyLsVeVt0B+BGQZzpQiTQ4eHZ8bc4=',
    'v1.3.1': 'KjJaJ9iWZ3jOFZIf1Lqf4laDRCasjl0BCmnEGxkdLb4=',
    'v1.3.0': 't6JiXgmwXMjEs8VusXIJk2BXHsn+wx8BZdTaoZ5fu7I=',
    'v1.2.0': 'qJYtXnJRWmpe7m/3XlyhrsLrEURqHRM2kxzoxXqyUDs=',
}
UUID_MOD = 'TIyPZe4MgqvfeYDBFedMoGGpEw/LqOeaOT+nhxU+yHo='


def _app(name: str, title: str, code: str, comment: str, files: Mapping[str, str]) -> App:
    def write(folder: Path) -> None:
        for path, text in files.items():
            (folder / path).write_text(text)

    return App(name=name, title=title, code=code, comment=comment, write=write)


def _case(path: str, title: str, code: str, comment: str) -> App:
    """An app of the tests."""

    def write(folder: Path) -> None:
        shutil.copytree(CASES / path, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns('case.toml'))

    return App(name=path.replace('/', '-'), title=title, code=code, comment=comment, write=write)


def _add_package(folder: Path, number: int) -> None:
    """Express, and one package that changes."""
    package = list(PACKAGES)[number % len(PACKAGES)]
    name, _, version = package.partition('@')
    plain_app().write(folder)
    manifest = json.loads((folder / 'package.json').read_text())
    manifest['dependencies'][name] = version
    manifest['description'] = _unlike_any()
    lock = json.loads((folder / 'package-lock.json').read_text())
    lock['packages']['']['dependencies'][name] = version
    lock['packages'][f'node_modules/{name}'] = {
        'version': version,
        'integrity': f'sha512-{PACKAGES[package]}',
    }
    (folder / 'package.json').write_text(json.dumps(manifest))
    (folder / 'package-lock.json').write_text(json.dumps(lock))


def _in(name: str, comment: str) -> Callable[[Path, int], None]:
    """Another version of commons-text in the app's manifest."""

    def renew(folder: Path, number: int) -> None:
        file = folder / name
        before, after = (TEXTS[at % len(TEXTS)] for at in (number - 1, number))
        text = file.read_text().replace(before, after) if number else file.read_text()
        file.write_text(f'{text}{comment.format(_unlike_any())}\n')

    return renew


def _require(folder: Path, number: int) -> None:
    version = list(UUIDS)[number % len(UUIDS)]
    module = 'github.com/google/uuid'
    (folder / 'go.mod').write_text(
        f'module example.com/hello\n\ngo 1.19\n\nrequire {module} {version}\n// {_unlike_any()}\n'
    )
    (folder / 'go.sum').write_text(
        f'{module} {version} h1:{UUIDS[version]}\n{module} {version}/go.mod h1:{UUID_MOD}\n'
    )


def _unlike_any() -> str:
    """What makes a manifest another than those of earlier runs, whose layers the engine may have."""
    return uuid.uuid4().hex
