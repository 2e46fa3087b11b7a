"""The base images: what a stack's recipe says, and how its two images are made."""

from gitreceive.stack.recipe import load_stack, stack_names

__all__ = ['load_stack', 'stack_names']
