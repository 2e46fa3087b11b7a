"""The daemon: the queue, the workers, the socket on which others ask, and what is put right at start."""
