"""Certificates for the host names of apps: given by people, asked for by ACME, or issued by the receiver itself."""
