"""The words between the front ends and the daemon."""
