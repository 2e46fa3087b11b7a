"""Builds images by BuildKit, through the Docker Engine API."""
