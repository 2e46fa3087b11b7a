"""The command line: parses, calls, prints. One module for each group of verbs."""
