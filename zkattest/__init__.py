"""Attest to Ethereum blocks by verifying proofs instead of executing them."""

__version__ = "0.1.0"

__all__ = ["__version__"]
