"""Ways out of an image, one slug: the same behaviour, and the same files."""

import io
import os
import subprocess
import tarfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gitreceive.adapters.docker.layers import image_layers
from gitreceive.adapters.slugfiles import folders
from gitreceive.adapters.slugfiles.groups import STEP_TIME
from gitreceive.adapters.slugfiles.packer import DockerSlugPacker
from gitreceive.adapters.slugfiles.reading import verify_slug
from gitreceive.build.dockerfiles.mark import FILE, INSTRUCTION
from gitreceive.config.settings import Limits
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildCancelled, SlugError
from gitreceive.model.plan import Recipe, Stack
from gitreceive.model.slug import OWNER, Image, Slug
from gitreceive.slugs.pack import pack_slug
from tests.building import FROM, Workshop, workshop
from tests.packing import stands_alone

MTIME = 1_700_000_000
STRANGE = r"""
import os, socket
os.makedirs('/app/src/empty'); os.makedirs('/app/src/gone'); os.makedirs('/app/heroku')
def put(name, content=b'x', mode=0o644):
    with open(name, 'wb') as file: file.write(content)
    os.chmod(name, mode)
put(b'/app/src/new\nline'); put(b'/app/src/latin-\xff\xfe'); put('/app/src/ümlaut'); put(b'/app/src/ lead and trail ')
put(b'/app/src/-rf'); put(b'/app/src/--checkpoint-action=exec=sh'); put(b'/app/src/back\\slash"quote')
put('/app/src/a-b'); os.mkdir('/app/src/a'); put('/app/src/a/c')
put('/app/src/' + 'n' * 255); deep = '/app/src/' + '/'.join('d%d' % n for n in range(200)); os.makedirs(deep); put(deep + '/f')
long = '/app/src/' + '/'.join('l' * 90 for n in range(4)); os.makedirs(long); put(long + '/file')
os.link(long + '/file', '/app/src/hard'); os.link('/app/src/hard', '/app/src/a-hard'); put('/outside'); os.link('/outside', '/app/src/alone')
os.symlink('/etc/passwd', '/app/src/passwd'); os.symlink('../../../..', '/app/src/up'); os.symlink('loop', '/app/src/loop')
os.symlink('t' * 150, '/app/src/far'); os.symlink('/etc', '/app/src/etc')
put('/app/src/setuid', mode=0o6755); os.mkdir('/app/src/sticky'); os.chmod('/app/src/sticky', 0o3777); put('/app/src/secret', mode=0o600)
os.mkfifo('/app/src/fifo'); os.mknod('/app/src/null', 0o020666, os.makedev(1, 3)); socket.socket(socket.AF_UNIX).bind('/app/src/socket')
put('/app/src/gone/file'); put('/app/src/old'); put('/app/src/changed', b'before')
put('/app/src/big', b'0123456789' * 300_000); put('/app/src/none', b'')
put('/app/src/sparse'); os.truncate('/app/src/sparse', 5_000_001); os.setxattr('/app/src/old', 'user.note', b'x'); os.setxattr('/app/src/none', 'user.note', b'x')
os.chdir('/app/src')
for n in range(19): os.mkdir('p' * 200); os.chdir('p' * 200)
os.mkdir('q' * 160); os.chdir('q' * 160); put('end')
"""
LATER = r"""
import os, shutil
shutil.rmtree('/app/src/gone'); os.remove('/app/src/old'); os.mkdir('/app/src/gone'); open('/app/src/gone/new', 'w').close()
with open('/app/src/changed', 'w') as file: file.write('after')
"""
LEFT_OUT = ['app/src/fifo', 'app/src/null', 'app/src/socket']
SOCKET = 'app/src/socket (a device, socket or pipe)'


@pytest.fixture(scope='module')
def shop(docker_host: str, stack: Stack) -> Iterator[Workshop]:
    with workshop(docker_host) as made:
        yield made


def make(shop: Workshop, mark: str = '') -> Image:
    files = [('buildpack/strange', STRANGE.encode()), ('buildpack/later', LATER.encode()), ('mark/code', b'')]
    step = 'RUN --mount=type=bind,source=buildpack,target=/buildpack ["python3", "/buildpack/%s"]\n'
    return shop.build(
        f'{FROM}USER root\n{step % "strange"}{mark}{step % "later"}COPY ["src", "/app/src"]\n',
        {'code': b'x'},
        recipe_files=files,
    )


@pytest.fixture(scope='module')
def images(shop: Workshop) -> dict[bool, Image]:
    """By whether the layers of the code are marked."""
    return {False: make(shop), True: make(shop, INSTRUCTION)}


IN_PARTS = ('layers in parts', 'layers by steps')


@pytest.fixture(params=['layers', *IN_PARTS, 'archive'])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def strange(images: dict[bool, Image], way: str) -> Image:
    return replace(images[way == 'layers in parts'], code_steps=2 if way == 'layers by steps' else 0)


@pytest.fixture
def packer(way: str, shop: Workshop, strange: Image) -> DockerSlugPacker:
    if way != 'archive':
        with shop.engine.connect() as client:
            if image_layers(shop.engine, client, strange.id) is None:
                pytest.skip(
                    "the engine's layers cannot be reached from here (needs root, overlay2, this machine)"
                )
    return DockerSlugPacker(shop.engine, layers=way != 'archive')


def cut(packer: DockerSlugPacker, image: Image, target: Path, limit: int = 500_000_000) -> Slug:
    clock = BuildClock(60)
    try:
        return pack_slug(image, packer, target, MTIME, Limits(slug_bytes=limit), clock)
    finally:
        clock.close()


@pytest.fixture
def slug(packer: DockerSlugPacker, strange: Image, tmp_path: Path) -> Slug:
    return cut(packer, strange, tmp_path / 'slug.tgz')


@pytest.fixture
def members(slug: Slug) -> dict[bytes, tarfile.TarInfo]:
    with tarfile.open(slug.path) as tar:
        return {os.fsencode(member.name): member for member in tar}


def test_any_tar_unpacks_it_to_what_the_image_holds(
    slug: Slug, shop: Workshop, strange: Image, tmp_path: Path
) -> None:
    (tmp_path / 'out').mkdir()
    subprocess.run(['tar', 'xzf', slug.path, '-C', tmp_path / 'out', '--no-same-owner'], check=True)
    with shop.engine.connect() as client, shop.engine.container(client, strange.id) as container:
        with shop.engine.read_out(client, container, '/app') as stream:
            raw = stream.read()
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        wanted = {os.fsencode(m.name) for m in tar if not (m.ischr() or m.isfifo())}
    found = {b'app'}
    for folder, below, files in os.walk(os.fsencode(tmp_path / 'out' / 'app')):
        found |= {
            os.path.relpath(os.path.join(folder, name), os.fsencode(tmp_path / 'out'))
            for name in below + files
        }
    assert found == wanted
    assert (tmp_path / 'out/app/src/changed').read_text() == 'after'
    assert (tmp_path / 'out/app/src/big').read_bytes() == b'0123456789' * 300_000
    assert os.readlink(tmp_path / 'out/app/src/up') == '../../../..'


def test_each_part_names_all_directories_that_it_goes_through(
    packer: DockerSlugPacker, strange: Image
) -> None:
    with closing(BuildClock(60)) as clock:
        for part in packer.parts(strange, MTIME, clock):
            target = io.BytesIO()
            part.pack(target, clock)
            stands_alone(target.getvalue())


def test_names_in_any_bytes_survive(members: dict[bytes, tarfile.TarInfo]) -> None:
    for name in (b'new\nline', b'latin-\xff\xfe', 'ümlaut'.encode(), b' lead and trail ', b'-rf', b'n' * 255):
        assert b'./app/src/' + name in members


def test_a_path_of_nearly_4000_bytes_survives(members: dict[bytes, tarfile.TarInfo]) -> None:
    longest = max(members, key=len)
    assert longest.endswith(b'q/end')
    assert len(longest) > 3980


def test_a_sparse_file_is_whole_and_attributes_are_not_there(slug: Slug) -> None:
    with tarfile.open(slug.path) as tar:
        file = tar.extractfile('./app/src/sparse')
        assert file is not None
        assert file.read() == b'x' + bytes(5_000_000)
        assert not any('xattr' in name.lower() for member in tar for name in member.pax_headers)


def test_what_upper_layers_deleted_is_not_there(members: dict[bytes, tarfile.TarInfo]) -> None:
    assert b'./app/src/old' not in members
    assert [name for name in members if name.startswith(b'./app/src/gone')] == [
        b'./app/src/gone',
        b'./app/src/gone/new',
    ]


def test_owner_time_and_modes_are_fixed(members: dict[bytes, tarfile.TarInfo], way: str) -> None:
    assert {(m.uid, m.gid, m.uname, m.gname) for m in members.values()} == {(OWNER, OWNER, '', '')}
    times = {MTIME, STEP_TIME} if way in IN_PARTS else {MTIME}
    assert {m.mtime for m in members.values()} == times
    assert members[b'./app/src/code'].mtime == members[b'./app/src/changed'].mtime == MTIME
    assert not any(m.mode & 0o7000 for m in members.values())
    assert members[b'./app/src/setuid'].mode == 0o755
    assert members[b'./app/src/sticky'].mode == 0o777
    assert members[b'./app/src/secret'].mode == 0o600


def test_special_files_are_left_out_and_named(slug: Slug, members: dict[bytes, tarfile.TarInfo]) -> None:
    assert all(m.isfile() or m.isdir() or m.issym() or m.islnk() for m in members.values())
    assert not {b'./' + name.encode() for name in LEFT_OUT} & set(members)
    told = {f'{name} (a device, socket or pipe)' for name in LEFT_OUT} | {
        'app/src/setuid (its setuid or setgid bit)'
    }
    assert set(slug.left_out) | {SOCKET} == told  # the engine drops sockets itself


def test_symlinks_are_kept_and_never_followed(members: dict[bytes, tarfile.TarInfo]) -> None:
    links = {name: m.linkname for name, m in members.items() if m.issym()}
    assert links[b'./app/src/passwd'] == '/etc/passwd'
    assert links[b'./app/src/far'] == 't' * 150
    assert not [name for name in members if name.startswith(b'./app/src/etc/')]


def test_hard_links_point_at_an_earlier_member(members: dict[bytes, tarfile.TarInfo]) -> None:
    links = {name: m.linkname for name, m in members.items() if m.islnk()}
    assert set(links.values()) == {'./app/src/a-hard'}
    assert len(links) == 2
    assert members[b'./app/src/alone'].isreg()


def test_members_come_in_bytewise_order_of_their_components(slug: Slug, way: str) -> None:
    with tarfile.open(slug.path) as tar:
        found = [(member.mtime, os.fsencode(member.name).split(b'/')) for member in tar]
    assert found == sorted(found), 'one part after the other, each in its order'
    assert found[0][1] == [b'.', b'app']


def test_nothing_but_directories_is_twice_in_a_slug(slug: Slug) -> None:
    with tarfile.open(slug.path) as tar:
        names = [member.name for member in tar if not member.isdir()]
    assert len(names) == len(set(names))


def test_a_slug_passes_its_own_verification(slug: Slug) -> None:
    facts = verify_slug(slug.path)
    assert (facts.sha256, facts.size) == (slug.sha256, slug.size)


def test_the_same_image_gives_the_same_bytes(
    packer: DockerSlugPacker, strange: Image, slug: Slug, tmp_path: Path
) -> None:
    assert cut(packer, strange, tmp_path / 'again').sha256 == slug.sha256


def test_all_ways_give_the_same_files(
    images: dict[bool, Image], slug: Slug, shop: Workshop, tmp_path: Path
) -> None:
    other = cut(DockerSlugPacker(shop.engine, layers=False), images[False], tmp_path / 'other')
    assert tree(slug.path) == tree(other.path)


def test_one_part_is_the_same_bytes_as_the_engines_archive(
    way: str, slug: Slug, strange: Image, shop: Workshop, tmp_path: Path
) -> None:
    other = cut(DockerSlugPacker(shop.engine, layers=False), strange, tmp_path / 'other')
    assert (other.sha256 == slug.sha256) is (way not in IN_PARTS)


def test_where_the_code_begins_is_known_by_its_mark_or_by_the_steps(
    images: dict[bool, Image], shop: Workshop, tmp_path: Path
) -> None:
    both = images[True], replace(images[False], code_steps=2)
    packer = DockerSlugPacker(shop.engine)
    first, second = (cut(packer, image, tmp_path / str(at)) for at, image in enumerate(both))
    assert first.sha256 == second.sha256


def tree(slug: Path) -> dict[str, tuple[int, bytes, str | bytes]]:
    """What is unpacked of a slug; hard links by what they lead to."""
    with tarfile.open(slug) as tar:
        found = {}
        for member in tar:
            file = tar.extractfile(member) if member.isfile() or member.islnk() else None
            kind = tarfile.REGTYPE if file else member.type
            found[member.name] = (member.mode, kind, file.read() if file else member.linkname)
        return found


STEPS = {
    'deletes a file': 'RUN rm /app/src/lib/a',
    'deletes a directory': 'RUN rm -r /app/src/lib',
    'deletes and makes a directory': 'RUN rm -r /app/src/lib && mkdir /app/src/lib && echo new > /app/src/lib/a',
    'deletes, and a later one makes': 'RUN rm -r /app/src/lib\nRUN mkdir -p /app/src/lib/deep && echo n > /app/src/lib/deep/x',
    'makes a file of a directory': 'RUN rm -r /app/src/lib && echo file > /app/src/lib',
    'makes a directory of a file': 'RUN rm /app/src/lib/a && mkdir /app/src/lib/a && echo > /app/src/lib/a/b',
    'makes a link of a directory': 'RUN rm -r /app/src/lib && ln -s /etc /app/src/lib',
    'changes modes': 'RUN chmod 700 /app/src/lib && chmod 711 /app && chmod 600 /app/src/lib/b',
    'links to what is below': 'RUN ln /app/src/lib/a /app/src/lib/deep/hard && ln /app/src/lib/link /app/src/other',
    'moves a directory': 'RUN mv /app/src/lib /app/src/moved',
    'has nothing to say': 'RUN true',
    'leaves one file': 'RUN find /app -mindepth 1 -delete && echo left > /app/left',
}
LOWER = (
    'RUN mkdir -p /app/src/lib/deep && cd /app/src/lib && echo a > a && echo b > b && echo c > deep/c && ln a link'
    ' && mkdir /app/big && head -c 2000000 /dev/zero > /app/big/zeros && chmod 2755 /app/src/lib\n'
    'RUN mkdir /app/more && head -c 2000000 /dev/zero > /app/more/zeros && echo second > /app/src/lib/second\n'
)


@pytest.mark.parametrize('step', STEPS)
def test_what_an_upper_layer_does_to_a_lower_one_is_seen(
    shop: Workshop, images: dict[bool, Image], tmp_path: Path, step: str
) -> None:
    with shop.engine.connect() as client:
        if image_layers(shop.engine, client, images[True].id) is None:
            pytest.skip("the engine's layers cannot be reached from here")
    text = f'{FROM}USER root\n{LOWER}{INSTRUCTION}COPY ["src", "/app/src"]\n{STEPS[step]}\n'
    image = shop.build(text, {'code': b'x', 'lib/b': b'of the code'}, recipe_files=[('mark/code', b'')])
    slugs = {
        way: cut(DockerSlugPacker(shop.engine, layers=way), image, tmp_path / str(way))
        for way in (True, False)
    }
    assert tree(slugs[True].path) == tree(slugs[False].path)
    verify_slug(slugs[True].path)
    with tarfile.open(slugs[True].path) as tar:
        found = tar.getmembers()
    names = [member.name for member in found if not member.isdir()]
    assert found[0].name == './app'
    assert len(names) == len(set(names)), 'no file is there twice'


GENERATED = f'{FROM}USER root\n{LOWER}{INSTRUCTION}COPY ["src", "/app/src"]\n'
OWN = f'{FROM}USER root\n{LOWER}WORKDIR /app/src\nCOPY . .\nWORKDIR /app/new\nRUN date > built\n'


@pytest.mark.parametrize(
    'recipe',
    [
        Recipe(dockerfile=GENERATED, files=(FILE,)),
        Recipe(dockerfile=OWN, code='', code_steps=2),
    ],
    ids=['marked', 'own'],
)
def test_a_change_of_the_code_changes_the_last_part_only(
    shop: Workshop, images: dict[bool, Image], recipe: Recipe
) -> None:
    found = []
    for code in (b'one', b'two'):
        image = shop.build('', {'code': code}, recipe=recipe)
        found.append(
            [part.key for part in DockerSlugPacker(shop.engine).parts(image, len(code), BuildClock(9))]
        )
    if len(found[0]) == 1:
        pytest.skip("the engine's layers cannot be reached from here")
    assert len(found[0]) == len(found[1]) == 3
    assert found[0][:2] == found[1][:2]
    assert found[0][2] != found[1][2]


@pytest.mark.parametrize('mark', ['', INSTRUCTION], ids=['unmarked', 'marked'])
def test_where_layers_do_not_tell_it_a_change_of_the_code_leaves_the_parts_of_dependencies(
    shop: Workshop, images: dict[bool, Image], tmp_path: Path, mark: str
) -> None:
    runtime = 'RUN mkdir -p /app/heroku/node && head -c 2000000 /dev/zero > /app/heroku/node/zeros\n'
    text = f'{FROM}{runtime}{mark}COPY ["src", "/app/src"]\n'
    packer, keys = DockerSlugPacker(shop.engine, layers=not mark), []
    for code in (b'one', b'two'):
        image = shop.build('', {'code': code}, recipe=Recipe(dockerfile=text, files=(FILE,)))
        keys.append([part.key for part in packer.parts(image, len(code), BuildClock(60))])
    assert len(keys[0]) == len(keys[1]) == 2
    assert keys[0][0] == keys[1][0]
    assert keys[0][1] != keys[1][1]
    archive, layers = (
        cut(DockerSlugPacker(shop.engine, way), image, tmp_path / str(way)) for way in (False, True)
    )
    assert tree(archive.path) == tree(layers.path)
    assert archive.sha256 == layers.sha256
    verify_slug(archive.path)


def test_an_image_of_a_single_layer_can_be_packed(
    packer: DockerSlugPacker, shop: Workshop, tmp_path: Path
) -> None:
    image = shop.build('FROM scratch\nCOPY src/ /app/src\n', {'only': b'file'})
    with tarfile.open(cut(packer, image, tmp_path / 'slug').path) as tar:
        assert tar.getnames() == ['./app', './app/src', './app/src/only']


def test_an_image_without_app_is_an_error(packer: DockerSlugPacker, shop: Workshop, tmp_path: Path) -> None:
    image = shop.build('FROM scratch\nCOPY src/ /elsewhere\n')
    with pytest.raises(SlugError, match=r'^the image has no directory /app, .*COPY \. /app/src'):
        cut(packer, image, tmp_path / 'slug')
    assert list(tmp_path.iterdir()) == []


def test_an_app_without_files_is_an_error(packer: DockerSlugPacker, shop: Workshop, tmp_path: Path) -> None:
    image = shop.build(f'{FROM}USER root\nRUN rm -rf /app && mkdir -p /app/src/empty\n')
    with pytest.raises(SlugError, match=r'^the image has no files in /app, .*COPY \. /app/src'):
        cut(packer, image, tmp_path / 'slug')
    assert list(tmp_path.iterdir()) == []


def test_an_app_that_is_a_symlink_is_refused(
    packer: DockerSlugPacker, shop: Workshop, tmp_path: Path
) -> None:
    image = shop.build(f'{FROM}USER root\nRUN rm -rf /app && ln -s /etc /app\n')
    with pytest.raises(SlugError, match='not a directory'):
        cut(packer, image, tmp_path / 'slug')
    assert list(tmp_path.iterdir()) == []


def test_a_slug_over_the_limit_names_its_largest_directories(
    packer: DockerSlugPacker, shop: Workshop, tmp_path: Path
) -> None:
    step = 'RUN mkdir -p /app/src/assets && head -c 3000000 /dev/urandom > /app/src/assets/blob && echo > /app/src/x\n'
    image = shop.build(f'{FROM}USER root\n{step}')
    with pytest.raises(SlugError) as caught:
        cut(packer, image, tmp_path / 'slug', limit=1_000_000)
    assert str(caught.value).startswith('Compiled slug size: 3M is too large (max is 1M).')
    assert '3M  /app/src/assets' in str(caught.value)
    assert list(tmp_path.iterdir()) == []


DEEP = "perl -e 'chdir q(/app/src); for (1..3000) { mkdir q(d); chdir q(d) }'"


@pytest.mark.parametrize('kind', ['layers', 'archive'])
def test_paths_that_are_too_long_are_refused_in_a_sentence(shop: Workshop, tmp_path: Path, kind: str) -> None:
    image = shop.build(f'{FROM}USER root\nRUN mkdir -p /app/src && {DEEP}\n', seconds=300)
    packer = DockerSlugPacker(shop.engine, layers=kind == 'layers')
    with pytest.raises(SlugError, match='longer than the 4,096 bytes that Linux allows') as caught:
        cut(packer, image, tmp_path / 'slug')
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize('kind', ['layers', 'archive'])
def test_more_than_may_be_packed_is_refused_with_the_directories(
    shop: Workshop, tmp_path: Path, kind: str
) -> None:
    image = shop.build(
        f'{FROM}USER root\nRUN mkdir -p /app/src/big && truncate -s 300M /app/src/big/sparse\n'
    )
    packer = DockerSlugPacker(shop.engine, layers=kind == 'layers', most=100_000_000)
    with pytest.raises(SlugError, match=r'more than 100M before compression[^$]*/app/src/big'):
        cut(packer, image, tmp_path / 'slug')
    assert not (tmp_path / 'slug').exists()


def test_a_cancelled_cut_leaves_nothing(packer: DockerSlugPacker, strange: Image, tmp_path: Path) -> None:
    clock = BuildClock(60)

    class Stopping(io.FileIO):
        def write(self, data: object) -> int:
            clock.stop(BuildCancelled('enough'))
            return len(data)  # type: ignore[arg-type]

    with pytest.raises(BuildCancelled), Stopping(tmp_path / 'slug', 'w') as target:
        for part in packer.parts(strange, MTIME, clock):
            part.pack(target, clock)
    clock.close()
    mine = ['ps', '--ppid', str(os.getpid()), '-wwo', 'args']
    assert 'overlay_child' not in subprocess.run(mine, capture_output=True, text=True).stdout


class Changing(io.FileIO):
    """Where packed bytes go; after a million of them another file, of which they are, gets another size."""

    def __init__(self, path: Path, other: Path, size: int) -> None:
        super().__init__(path, 'w+')
        self._other, self._size = other, size

    def write(self, data: object) -> int:
        if self.tell() > 1_000_000:
            os.truncate(self._other, self._size)
        return super().write(data)  # type: ignore[arg-type]


@pytest.fixture(params=['layers', 'archive'])
def changed(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Callable[[int], Path]:
    """Packs an image whose one file of 40 MB, which does not compress, is given another size while it is packed."""
    step = f'RUN mkdir /app/src && head -c 40000000 /dev/urandom >/app/src/file # {uuid.uuid4()}\n'
    image = shop.build(f'{FROM}USER root\n{step}')
    with shop.engine.connect() as client:
        found = image_layers(shop.engine, client, image.id)
    if found is None:
        pytest.skip("the engine's layers cannot be reached from here")
    file = found.root / found.names[0] / 'diff/app/src/file'

    def pack(size: int) -> Path:
        monkeypatch.setattr(folders, '_temporary', lambda: Changing(tmp_path / 'held', file, size))
        clock, target = BuildClock(600), tmp_path / 'slug'
        packer = DockerSlugPacker(shop.engine, layers=request.param == 'layers')
        try:
            with Changing(target, file, size) as written:
                for part in packer.parts(image, MTIME, clock):
                    part.pack(written, clock)
        finally:
            clock.close()
        return target

    return pack


def test_a_file_that_shrinks_while_it_is_read_is_an_error(changed: Callable[[int], Path]) -> None:
    with pytest.raises(SlugError, match=r'shrank|ended in the middle'):
        changed(1_000_000)


@pytest.mark.parametrize('changed', ['layers'], indirect=True)
def test_a_file_that_grows_while_it_is_read_is_an_error(changed: Callable[[int], Path]) -> None:
    with pytest.raises(SlugError, match='file changed as we read it'):
        changed(50_000_000)


@pytest.mark.parametrize('changed', ['archive'], indirect=True)
def test_a_file_that_grows_while_the_engine_reads_it_is_as_long_as_it_was(
    changed: Callable[[int], Path],
) -> None:
    slug = changed(50_000_000)
    with tarfile.open(slug) as tar:
        assert tar.getmember('./app/src/file').size == 40_000_000
    verify_slug(slug)


@pytest.mark.slow
def test_a_file_of_over_two_gigabytes_is_whole(shop: Workshop, tmp_path: Path) -> None:
    step = 'RUN mkdir /app/src && truncate -s 2200000000 /app/src/huge && echo end >> /app/src/huge\n'
    clock = BuildClock(900)
    image = shop.builder.build(shop.job(f'{FROM}USER root\n{step}'), shop.console, clock)
    one, other = (
        pack_slug(image, DockerSlugPacker(shop.engine, layers=layers), tmp_path / name, 7, Limits(), clock)
        for name, layers in (('one', True), ('other', False))
    )
    clock.close()
    assert one.sha256 == other.sha256
    assert verify_slug(one.path).unpacked == 2_200_000_004


def test_no_mount_is_left(slug: Slug) -> None:
    assert 'lowerdir=l/' not in Path('/proc/mounts').read_text()
