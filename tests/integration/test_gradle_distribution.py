"""Apps without a Gradle wrapper on a receiver that names a Gradle for them: it is fetched, and builds them."""

from dataclasses import replace

import pytest

from gitreceive.model.errors import BuildError
from gitreceive.model.plan import Stack
from tests.building import workshop
from tests.gradle import Wrapper

FILES = {
    'build.gradle': b"apply plugin: 'java'\njar { manifest { attributes 'Main-Class': 'Hello' } }\n",
    'settings.gradle': b"rootProject.name = 'hello'\n",
    'src/main/java/Hello.java': b'class Hello { public static void main(String[] words) {} }\n',
}


@pytest.mark.slow
def test_it_builds_an_app_that_has_no_wrapper(docker_host: str, stack: Stack, wrapper: Wrapper) -> None:
    with workshop(docker_host) as shop:
        image = shop.build_app(FILES, replace(stack, gradles=(), gradle_distribution=wrapper.url))
        assert f'Downloading {wrapper.url}' in shop.console.details
    assert image.versions['gradle'] == '4.4.1'


@pytest.mark.slow
def test_one_that_is_not_there_is_for_the_sysadmin_to_correct(
    docker_host: str, stack: Stack, wrapper: Wrapper
) -> None:
    nothing = f'{wrapper.url.rpartition("/")[0]}/gradle-9.9-bin.zip'
    cause = f'the Gradle of this receiver is not available from {nothing}\nThe sysadmin should look at the setting'
    with workshop(docker_host) as shop, pytest.raises(BuildError, match=cause):
        shop.build_app(FILES, replace(stack, gradle_distribution=nothing))
