"""What keeps instances apart, in the packet filter of the kernel."""
