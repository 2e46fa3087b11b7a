"""Dockerfiles: what an app's own asks for, and where the code begins in one."""
