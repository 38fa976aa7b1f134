"""
Prove blocks: find or build the worker around the SP1 prover, run it, watch it.

A shell: trio, processes, files. It may import `ports` and what lies below, never `verify` or
`net`, its siblings; the command line puts proving and verifying together.
"""
