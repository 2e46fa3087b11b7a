"""What satisfies the ports: one package for each outside world. Only the wiring names these."""
