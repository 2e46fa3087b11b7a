"""The commands for a developer's own machine: what the receiver would do, with the directory at hand."""
