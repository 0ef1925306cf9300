"""Numbers with a fraction as Go prints them."""

from __future__ import annotations

from decimal import Decimal

# Exponents outside of these are written.
_LOWEST, _HIGHEST = -4, 5


def shortest(value: float) -> str:
    """Go's ``%v``: the fewest digits that mean this number; ``1000000`` is ``1e+06``."""
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    if not isinstance(exponent, int):
        return repr(value)
    power = len(digits) + exponent - 1 if value else 0
    if _LOWEST <= power <= _HIGHEST:
        return format(Decimal(repr(value)), "f").removesuffix(".0")
    fraction = "." + "".join(map(str, digits[1:])) if digits[1:] else ""
    return f"{'-' if sign else ''}{digits[0]}{fraction}e{power:+03d}"
