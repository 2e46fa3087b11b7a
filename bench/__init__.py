"""The bench: this receiver beside the naive way to do the same, in one run, on one machine."""
