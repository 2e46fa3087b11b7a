"""The boundary between what depends on manifests and what comes with the code."""

from gitreceive.build.dockerfiles.mark import FILE, marked
from gitreceive.model.plan import Recipe

BEFORE = 'FROM x\nUSER app\nCOPY --chown=app:app ["src/package.json", "/app/src/"]\nRUN ["npm", "ci"]\n'
CODE = 'COPY --chown=app:app ["src", "/app/src"]\n'


def test_the_mark_stands_before_the_code() -> None:
    recipe = marked(Recipe(dockerfile=f'{BEFORE}{CODE}WORKDIR /app\n'))
    assert recipe.dockerfile == f'{BEFORE}COPY ["mark", "/gitreceive"]\n{CODE}WORKDIR /app\n'
    assert recipe.files == (FILE,)


def test_a_recipe_that_copies_its_code_otherwise_has_no_mark() -> None:
    recipe = Recipe(dockerfile=f'{BEFORE}COPY [".", "/app/src"]\n')
    assert marked(recipe) == recipe


def test_an_apps_own_dockerfile_has_no_mark_whatever_it_copies() -> None:
    recipe = Recipe(dockerfile=f'{BEFORE}{CODE}', code='')
    assert marked(recipe) == recipe
