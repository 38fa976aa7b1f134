"""
Name proof types by words, as zkboost does: execution client and zkVM, `reth-sp1`.

Words are not unique (two versions of a guest have the same), so that the number and the entry's own
name are understood everywhere, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from zkattest.types.ids import ProofType
from zkattest.types.verification import ProofTypeInfo


class ProofNames:
    """Translate words to proof types and back, for one list of types."""

    def __init__(self, infos: Sequence[ProofTypeInfo]) -> None:
        words = {info.proof_type: _word(info) for info in infos}
        count = Counter(words.values())
        self._infos = {info.proof_type: info for info in infos}
        self._by_number = {
            # A word that two types share names neither.
            number: word if count[word] == 1 else str(self._infos[number].entry.id)
            for number, word in words.items()
        }
        self._by_word = {word: number for number, word in self._by_number.items()}
        for info in infos:
            self._by_word.setdefault(str(info.entry.id), info.proof_type)
            self._by_word[str(int(info.proof_type))] = info.proof_type

    def find(self, text: str) -> ProofTypeInfo | None:
        """Return the type that a word, an entry's name or a number means."""
        number = self._by_word.get(text)
        return None if number is None else self._infos[number]

    def word(self, proof_type: ProofType) -> str:
        """Return the word of a type, its number where it has none."""
        return self._by_number.get(proof_type, str(int(proof_type)))


def _word(info: ProofTypeInfo) -> str:
    return f"{info.entry.guest.execution_client}-{info.entry.zkvm}".lower()
