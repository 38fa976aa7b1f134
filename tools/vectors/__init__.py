"""
Write the conformance vectors from cases defined here, and refuse what our checker disagrees with.

Expectations stand beside the cases, written from the rules; they are never taken from an answer.
"""
