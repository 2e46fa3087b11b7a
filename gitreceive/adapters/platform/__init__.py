"""The API of a platform that takes slugs."""
