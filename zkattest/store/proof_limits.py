"""Say how much of a network's proofs is kept, without the database that keeps them."""

from __future__ import annotations

from typing import Final

DEFAULT_MAX_KEPT_BYTES: Final = 8 << 30
# Databases count to 63 bits; no chain has so many slots, and peers may ask for any.
END_OF_SLOTS: Final = 1 << 63
