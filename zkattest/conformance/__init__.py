"""
Run conformance vectors, against this package or against a program in any language.

`outcome`, `values`, `cases` and `registry` are about data; `program` and `runner` start processes.
May import everything below `cli`; nothing below it imports this package.
"""
