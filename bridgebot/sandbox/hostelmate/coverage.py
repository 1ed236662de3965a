"""What the stand-in covers of Hostel Mate's client API, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

_BASE: Final = "/api/v1/client"


@dataclass(frozen=True, slots=True)
class Covered:
    """One documented endpoint, how far it is served, and what of it is not."""

    method: str
    path: str
    level: Literal["supported", "missing"]
    note: str = ""


COVERAGE: Final = (
    Covered("GET", f"{_BASE}/conversations", "supported"),
    Covered("GET", f"{_BASE}/conversations/{{}}/messages", "supported"),
    Covered(
        "POST", f"{_BASE}/conversations/{{}}/messages", "missing", "no such call is documented"
    ),
    Covered("GET", f"{_BASE}/bookings", "missing"),
    Covered("POST", f"{_BASE}/bookings", "missing"),
    Covered("PATCH", f"{_BASE}/bookings/{{}}", "missing"),
    Covered("POST", f"{_BASE}/bookings/{{}}/update", "missing"),
    Covered("GET", f"{_BASE}/guests/{{}}", "missing"),
    Covered("GET", f"{_BASE}/property", "missing"),
)
