"""The cases of static verification: one module for a few groups."""
