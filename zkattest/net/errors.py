"""Name what may go wrong with a peer; none of it is a fault of ours or stops the host."""


class PeerError(Exception):
    """A connection or a stream of one peer cannot go on."""


class ConnectionLost(PeerError):
    """The other side, or the network, ended the connection."""


class ProtocolViolation(PeerError):
    """The other side sent what no protocol of ours allows."""


class StreamEnded(PeerError):
    """The other side will send no more on this stream."""
