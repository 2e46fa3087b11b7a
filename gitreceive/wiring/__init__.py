"""Puts the parts together: the only package that names adapters. A module for each half; nothing is loaded that is not asked for."""
