"""What an endpoint is called with and what it answers, errors included."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bridgebot.sandbox.messaging.booking import Account, Booking
from bridgebot.sandbox.messaging.payloads import envelope
from bridgebot.sandbox.messaging.switches import Switches

Answer = tuple[int, Any]
"""Status and body: a mapping for JSON, text, or ``None``."""

# "To many requests" is how the vendor's list of errors spells it.
TEXTS: Final = {
    401: "Access denied",
    403: "This account doesn't have access to this property",
    426: "Upgrade Required",
    429: "To many requests",
    500: "Internal server error",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call of an endpoint by an account whose token was good."""

    booking: Booking
    account: Account
    version: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def switches(self) -> Switches:
        """Return how the undocumented behaves."""
        return self.booking.switches

    def refused(self, status: int) -> Answer:
        """Answer an error."""
        return error(status, self.switches)


Endpoint = Callable[[Call], Answer]


def error(status: int, switches: Switches) -> Answer:
    """Make an error's answer; the documents do not show one."""
    text = TEXTS.get(status, "Error")
    if switches.error_body == "empty":
        return status, None
    if switches.error_body == "plain":
        return status, text
    element: object = text if switches.error_element == "string" else {"message": text}
    return status, envelope({}, [element])
