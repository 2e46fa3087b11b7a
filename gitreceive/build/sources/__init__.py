"""The code to be built: of a commit or of a directory, seen as the build shall see it."""
