"""A few instructions by name, for codes whose gas is counted instruction by instruction."""

from typing import Final

OPCODES: Final = {
    "STOP": 0x00,
    "ADD": 0x01,
    "SUB": 0x03,
    "BALANCE": 0x31,
    "CALLER": 0x33,
    "CALLDATALOAD": 0x35,
    "POP": 0x50,
    "MSTORE": 0x52,
    "MSTORE8": 0x53,
    "SLOAD": 0x54,
    "SSTORE": 0x55,
    "GAS": 0x5A,
    "PUSH0": 0x5F,
    "PUSH1": 0x60,
    "PUSH3": 0x62,
    "PUSH20": 0x73,
    "DUP1": 0x80,
    "SWAP1": 0x90,
    "LOG0": 0xA0,
    "CALL": 0xF1,
    "RETURN": 0xF3,
    "REVERT": 0xFD,
    "INVALID": 0xFE,
}


def assemble(text: str) -> bytes:
    """Turn mnemonics and hexadecimal operands into code; raise ValueError at an unknown word."""
    code = bytearray()
    for item in text.split():
        if item.startswith("0x"):
            code += bytes.fromhex(item[2:])
        elif item in OPCODES:
            code.append(OPCODES[item])
        else:
            raise ValueError(f"no such instruction: {item}")
    return bytes(code)
