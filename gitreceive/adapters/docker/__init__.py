"""The Docker engine: building images in it, looking into them, running containers from them."""
