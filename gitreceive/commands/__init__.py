"""What can be asked of a receiver, a module for each noun: use cases that take who acts first, and return values."""
