"""Sets faults on all sides by request, and tells which are set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bridgebot.sandbox.chain import Chain

SOCKET_ACTS: Final = ("cut", "refresh", "duplicate", "refuse", "accept")
_BOTH: Final = ("delay", "429", "500", "503", "html", "drop_before", "drop_after")
KINDS: Final = {
    "slack": (*_BOTH, "internal_error"),
    "booking": (*_BOTH, "401", "403"),
    "hostelmate": _BOTH,
}


class WrongFaultError(ValueError):
    """A fault that the sandbox does not know."""


def sides(chain: Chain) -> dict[str, Any]:
    """Name each side's faults."""
    return {
        "slack": chain.slack_api.faults,
        "booking": chain.booking_api.faults,
        "hostelmate": chain.hostelmate_api.faults,
    }


def describe(chain: Chain) -> dict[str, Any]:
    """Show which faults are set and what can be set."""
    slack, booking, hostelmate = sides(chain).values()
    return {
        "slack": [_show(one.method, one) for one in slack.planned],
        "booking": [_show(one.endpoint, one) for one in booking.planned],
        "hostelmate": [_show(one.endpoint, one) for one in hostelmate.planned],
        "struck": {name: faults.struck for name, faults in sides(chain).items()},
        "kinds": KINDS,
        "socket": SOCKET_ACTS,
    }


def _show(call: str, fault: Any) -> dict[str, Any]:  # noqa: ANN401 - one of two alike
    return {
        "call": call,
        "kind": fault.kind,
        "times": fault.times,
        "chance": fault.chance,
        "seconds": fault.seconds,
    }


async def set_faults(chain: Chain, body: Mapping[str, object]) -> None:
    """Do what a request asks: clear all, act on the sockets, or set one fault."""
    if body.get("clear"):
        clear(chain)
    if act := body.get("socket"):
        await act_on_socket(chain, str(act))
    if side := body.get("side"):
        _add(chain, str(side), body)


def clear(chain: Chain) -> None:
    """Take all faults away."""
    chain.troubles.end_all()
    for faults in sides(chain).values():
        faults.clear()
    chain.slack_api.sockets.refusing = False


async def act_on_socket(chain: Chain, act: str) -> None:
    """Cut or refresh the sockets, send the next events twice, refuse or accept new sockets."""
    sockets = chain.slack_api.sockets
    if act == "cut":
        sockets.cut()
    elif act == "refresh":
        await sockets.disconnect()
    elif act == "duplicate":
        sockets.duplicating += 5
    elif act in ("refuse", "accept"):
        sockets.refusing = act == "refuse"
    else:
        raise WrongFaultError(f"unknown act on the socket; known: {', '.join(SOCKET_ACTS)}")


def _add(chain: Chain, side: str, body: Mapping[str, object]) -> None:
    kind: Any = body.get("kind")
    if kind not in KINDS.get(side, ()):
        raise WrongFaultError(f"known faults: {KINDS}")
    try:
        times = int(str(body.get("times", 1)))
        chance = float(str(body.get("chance", 1)))
        seconds = float(str(body.get("seconds", 0)))
    except ValueError:
        raise WrongFaultError("times, chance and seconds are numbers") from None
    sides(chain)[side].add(
        str(body.get("call", "*")), kind, times=times, chance=chance, seconds=seconds
    )
