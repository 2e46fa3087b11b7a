"""What verbs of a noun answer with, as rows and sentences: a module for each noun, beside ``render``. Pure."""
