"""No router: instances are reached on ports of their own."""
