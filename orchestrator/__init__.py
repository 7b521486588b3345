"""The only package that touches processes, network, clock and disk."""
