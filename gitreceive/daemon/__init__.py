"""The builder: the journal, the queue, the line's workers and the socket on which others ask."""
