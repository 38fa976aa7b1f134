"""Commands, one module each: parse, call, print, exit code. May import every other layer."""
