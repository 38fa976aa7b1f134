"""
Hold state machines without I/O: `(event, now_ms) → effects`.

May import spec, crypto and types. Nothing here reads a clock, opens a socket or touches a disk: a
shell performs the effects and brings the answers back as events, so a whole day of the network
can be played in a test within milliseconds.
"""
