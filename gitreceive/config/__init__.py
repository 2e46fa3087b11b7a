"""What the receiver is told: its settings, where things lie, and under which user."""
