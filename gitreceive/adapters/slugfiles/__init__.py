"""Slug packers: two ways out of an image to the same bytes."""
