"""Slugs in storage: how they lie there; found, opened, compared, verified, described, and removed when nobody needs them."""
