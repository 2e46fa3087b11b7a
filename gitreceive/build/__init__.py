"""From an accepted push to a release: sources, plans, Dockerfiles, images, and the line that takes them in a row."""
