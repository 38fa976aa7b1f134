"""The recorded chain: who acts in it, what happens in each block, and the files it is kept in."""
