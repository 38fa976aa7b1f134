"""Execution vectors: blocks with real contracts, what they must do, the files they become."""
