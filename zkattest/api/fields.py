"""Declare the fields of requests and answers: how they are written, and how they are read."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema

_DIGITS: Final = re.compile(r"0|[1-9][0-9]*")
_QUANTITY: Final = re.compile(r"0x(?:0|[1-9a-f][0-9a-f]*)")
_BOOLEANS: Final = {"true": True, "false": False}


class Model(BaseModel):
    """Refuse keys that nobody knows, and values of other kinds."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Query(BaseModel):
    """Take what is known of a query; other parameters are for other programs."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def _decimal(bits: int) -> Callable[[Any], int]:
    def read(text: Any) -> int:
        if not isinstance(text, str) or not _DIGITS.fullmatch(text) or len(text) > 20:
            raise ValueError(f"expected decimal digits of at most {bits} bits")
        if (number := int(text)) >> bits:
            raise ValueError(f"{number} does not fit {bits} bits")
        return number

    return read


def _quantity(bits: int) -> Callable[[Any], int]:
    def read(text: Any) -> int:
        # The digits are bounded before they are read, for reading many costs time.
        if not isinstance(text, str) or len(text) > 2 + bits // 4 or not _QUANTITY.fullmatch(text):
            raise ValueError(
                f"expected a quantity of at most {bits} bits: 0x, and digits without leading zeros"
            )
        return int(text, 16)

    return read


def _data(size: int | None, most: int | None) -> Callable[[Any], bytes]:
    def read(text: Any) -> bytes:
        if not isinstance(text, str) or not text.startswith("0x"):
            raise ValueError("expected 0x and hexadecimal digits")
        digits = len(text) - 2
        if size is not None and digits != 2 * size:
            raise ValueError(f"expected 0x and {2 * size} hexadecimal digits")
        if most is not None and digits > 2 * most:
            raise ValueError(f"{digits // 2} bytes exceed the limit of {most}")
        try:
            return binascii.unhexlify(text[2:])
        except ValueError:
            raise ValueError("expected 0x and hexadecimal digits, two for each byte") from None

    return read


def _boolean(text: Any) -> bool:
    if text not in _BOOLEANS:
        raise ValueError("expected true or false")
    return _BOOLEANS[text]


def _integer_schema(bits: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "integer", "minimum": 0, "maximum": (1 << bits) - 1})


def _hex_schema(size: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^0x[0-9a-fA-F]{{{2 * size}}}$"})


def _quantity_schema(bits: int) -> WithJsonSchema:
    digits = bits // 4 - 1
    return WithJsonSchema({"type": "string", "pattern": f"^0x(0|[1-9a-f][0-9a-f]{{0,{digits}}})$"})


def _write_hex(value: bytes) -> str:
    return "0x" + value.hex()


_HEX: Final = PlainSerializer(_write_hex, return_type=str)
_QUANTITY_TEXT: Final = PlainSerializer(hex, return_type=str)

# Of queries and paths, where everything is text.
Decimal8 = Annotated[int, BeforeValidator(_decimal(8)), _integer_schema(8)]
Decimal16 = Annotated[int, BeforeValidator(_decimal(16)), _integer_schema(16)]
Decimal64 = Annotated[int, BeforeValidator(_decimal(64)), _integer_schema(64)]
Flag = Annotated[bool, BeforeValidator(_boolean), WithJsonSchema({"type": "boolean"})]

# Of the Execution API: QUANTITY and DATA.
Quantity8 = Annotated[int, BeforeValidator(_quantity(8)), _quantity_schema(8), _QUANTITY_TEXT]
Quantity64 = Annotated[int, BeforeValidator(_quantity(64)), _quantity_schema(64), _QUANTITY_TEXT]
Bytes32 = Annotated[bytes, BeforeValidator(_data(32, None)), _hex_schema(32), _HEX]


def data_up_to(most: int) -> Any:
    """Declare DATA of at most so many bytes."""
    schema = {"type": "string", "pattern": "^0x([0-9a-fA-F]{2})*$", "maxLength": 2 + 2 * most}
    return Annotated[bytes, BeforeValidator(_data(None, most)), WithJsonSchema(schema), _HEX]


# As SSZ's JSON mapping writes them.
DecimalText = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^(0|[1-9][0-9]*)$"})]
HexText = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^0x([0-9a-fA-F]{2})*$"})]
RootText = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^0x[0-9a-fA-F]{64}$"})]
