"""
Hold identifiers, block types and wire containers.

Imports the standard library only; every other layer may import this one.
"""
