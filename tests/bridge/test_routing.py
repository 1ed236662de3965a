"""Which channel a thread opens in: the first rule that fits, then the property's channel."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bridgebot.bridge.routing import Rule
from bridgebot.model import PropertyId, ProviderName, SenderKind
from bridgebot.workers.context import Routing
from tests.store.build import about, message

HERE = about("c1", conversation_type="reservation")
LODGER = replace(HERE, provider=ProviderName("hostelmate:north"), conversation_type="AIRBNB")


def routed(*rules: Rule, conversation: Any = HERE, text: str = "Hello", kind: str = "") -> str:
    """Tell the channel of a conversation under some rules."""
    written = replace(message(text=text), kind=kind, sender=SenderKind.GUEST)
    routing = Routing(guests="CG", alerts="CA", by_property={"p2": "C2"}, rules=rules)
    return routing.channel_for(conversation, written)


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (Rule(channel="CR"), True),
        (Rule(channel="CR", properties=frozenset({"p9", "p1"})), True),
        (Rule(channel="CR", properties=frozenset({"p9"})), False),
        (Rule(channel="CR", sources=frozenset({"Booking"})), True),
        (Rule(channel="CR", sources=frozenset({"hostelmate", "AIRBNB"})), False),
        (Rule(channel="CR", types=frozenset({"email"})), True),
        (Rule(channel="CR", types=frozenset({"reservation"})), True),
        (Rule(channel="CR", types=frozenset({"request_to_book"})), False),
        (Rule(channel="CR", words=("nothing", "late  check-out")), True),
        (Rule(channel="CR", words=("che", "out,")), False),
        (Rule(channel="CR", words=("check-out?",), properties=frozenset({"p1"})), True),
        (Rule(channel="CR", words=("check-out?",), properties=frozenset({"p2"})), False),
    ],
)
def test_all_that_a_rule_names_has_to_fit(rule: Rule, fits: bool) -> None:
    """Of each kind of condition one is enough; what is not named is not asked for."""
    found = routed(rule, text="LATE CHECK-OUT?", kind="email")

    assert found == ("CR" if fits else "CG")


def test_the_first_rule_that_fits_decides() -> None:
    """The order is the owner's."""
    rules = [Rule(channel=f"C{word}", words=(word,)) for word in ("invoice", "parking")]

    assert routed(*rules, text="Parking, and an invoice") == "Cinvoice"
    assert routed(*rules, text="Parking?") == "Cparking"


def test_rules_come_before_the_propertys_channel() -> None:
    """Where no rule fits, it is the property's own channel, then everybody's."""
    rule = Rule(channel="CR", words=("invoice",))
    second = replace(HERE, property_id=PropertyId("p2"))

    assert routed(rule, conversation=second, text="An invoice, please") == "CR"
    assert routed(rule, conversation=second) == "C2"
    assert routed(rule) == "CG"


def test_a_source_is_a_provider_an_account_or_a_channel_of_the_providers() -> None:
    """Of Hostel Mate, each of its agencies can have a channel of its own."""
    for name in ("hostelmate", "hostelmate:north", "airbnb"):
        rule = Rule(channel="CR", sources=frozenset({name}))
        assert routed(rule, conversation=LODGER) == "CR"
        assert routed(rule) == "CG"


def test_without_a_message_words_do_not_fit() -> None:
    """A thread that is opened before anybody has written goes by the other rules."""
    rules = [Rule(channel="CR", words=("hello",)), Rule(channel="CP", properties=frozenset({"p1"}))]
    routing = Routing(guests="CG", alerts="CA", rules=rules)

    assert routing.channel_for(HERE) == "CP"


def test_every_channel_of_a_rule_is_known() -> None:
    """What looks at all channels looks at these too."""
    routing = Routing(
        guests="CG", alerts="CA", by_property={"p2": "C2"}, rules=[Rule(channel="CR")]
    )

    assert routing.channels() == {"CG", "C2", "CR"}
