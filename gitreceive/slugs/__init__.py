"""Slugs after they were stored: found, opened, compared, verified, described, and removed when nobody needs them."""
