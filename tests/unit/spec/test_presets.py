"""Presets are data: names, flags, and numbers that belong together."""

from zkattest.spec.presets import OSAKA, PRESETS, PresetName


def test_presets__are_found_by_their_names():
    assert set(PRESETS) == set(PresetName)
    assert all(preset.name == name for name, preset in PRESETS.items())


def test_flags__change_the_profile_and_nothing_else():
    flagged = OSAKA.with_flags(refund_aware=True, cap_balance=True)
    assert (flagged.refund_aware, flagged.cap_balance) == (True, True)
    assert flagged.with_flags() == OSAKA


def test_osaka__numbers_of_its_eips():
    assert OSAKA.header.max_block_bytes == (10 << 20) - (2 << 20)
    assert OSAKA.transaction.max_gas == 16_777_216
    assert OSAKA.transaction.max_initcode_bytes == 2 * 24_576
    assert OSAKA.blobs.gas_per_blob == 131_072
