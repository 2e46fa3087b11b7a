"""The records that flow through the receiver, its errors, and what is said while they flow."""
