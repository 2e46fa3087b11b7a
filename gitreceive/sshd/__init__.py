"""The door: speaks SSH to the world, checks keys, and hands each session to a git or to the builder."""
