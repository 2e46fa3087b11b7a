"""A config var's value is a secret by its name, its URL or its look; all others may stand in any file."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.slugs.configsecrets import secret_forms


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('NODE_ENV', 'production'),
        ('PORT', '5000'),
        ('DEBUG', 'true'),
        ('WEB_CONCURRENCY', '2'),
        ('LANG', 'en_US.UTF-8'),
        ('NODE_OPTIONS', '--max-old-space-size=4096'),
        ('ASSET_HOST', 'https://static.example.test/assets'),
        ('DATABASE_URL', 'sqlite:////app/src/db.sqlite3'),
        ('S3_BUCKET', 'assets-production-eu-west-1-2024'),
        ('REQUEST_ID', '3fa85f64-5717-4562-b3fc-2c963f66afa6'),
        ('API_KEY', 'short'),
        ('DB_PASSWORD', 'postgres'),
        ('JWT_KEY', '/etc/keys/jwt.pem'),
        ('TOKEN_URL', 'https://login.example.test/oauth/token'),
        ('PASSWORD_RESET_PATH', 'account/reset-1'),
        ('SESSION_KEY_PREFIX', 'hello:session:'),
        ('CACHE_TTL', '86400000'),
        ('STRIPE_PUBLISHABLE_KEY', 'pk_live_51H8abcdEFGH1234ijkl'),
        ('NEXT_PUBLIC_API_KEY', 'AIzaSyD4f7h3k9J2m5n8Q1w6'),
        ('VITE_MAPS_KEY', 'AIzaSyD4f7h3k9J2m5n8Q1w6'),
    ],
)
def test_what_is_ordinary_is_not_looked_for(name: str, value: str) -> None:
    assert secret_forms({name: value}) == {}


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('SECRET', 'Tr0ub4dor'),
        ('SECRET_KEY_BASE', 'correcthorsebatterystaple'),
        ('GITHUB_TOKEN', 'ghp_abcdefgh'),
        ('PASSWORD_OF_ADMIN', 'k-9 dog!'),
        ('smtp_password', 'hunter22'),
        ('STRIPE_KEY', 'sk_live_51H8'),
        ('ANYTHING', '9f86d081884c7d659a2feaa0c55ad015'),
        ('SLACK_HOOK', 'https://hooks.example.test/services/T000/B000/aB3dE6gH9jK2mN5pQ8sT1vW4'),
        ('DATABASE_URL', 'postgres://hello:pw@db.example.test/hello'),
    ],
)
def test_what_is_a_secret_is_looked_for(name: str, value: str) -> None:
    assert secret_forms({name: value})[value.encode()] == name


def test_of_a_url_the_password_alone_is_looked_for_as_well_also_decoded() -> None:
    forms = secret_forms({'DATABASE_URL': 'postgres://u:p%40ssw0rd%21x@db.example.test/hello'})
    assert {b'p%40ssw0rd%21x', b'p@ssw0rd!x'} <= forms.keys()


def test_a_password_that_is_a_word_is_looked_for_within_its_url_only() -> None:
    forms = secret_forms({'DATABASE_URL': 'postgres://hello:password@db.example.test/hello'})
    assert b'password' not in forms
    assert b'postgres://hello:password@db.example.test/hello' in forms


def test_a_value_is_found_in_json_and_in_urls() -> None:
    value = 'a "quoted" pass/word 1'
    forms = secret_forms({'PASSWORD': value})
    assert {json.dumps(value)[1:-1].encode(), quote(value, safe='').encode()} <= forms.keys()


@given(
    st.binary(max_size=40),
    st.text(st.characters(codec='ascii'), min_size=16, max_size=80),
    st.binary(max_size=40),
)
def test_base64_of_anything_around_a_value_holds_one_of_its_forms(
    before: bytes, value: str, after: bytes
) -> None:
    forms = secret_forms({'SECRET': '-' + value})
    if not forms:  # a path or a URL
        return
    around = before + b'-' + value.encode() + after
    for encoded in (base64.b64encode(around), base64.urlsafe_b64encode(around)):
        assert any(form in encoded for form in forms)


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=60)))
def test_any_config_var_can_be_looked_at(config: dict[str, str]) -> None:
    assert all(len(form) >= 8 for form in secret_forms(config))
