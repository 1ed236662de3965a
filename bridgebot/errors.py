"""Errors of bridgebot; each failure of a call says what the caller must know to go on.

BridgebotError
├── SettingsError          a setting is missing or malformed
├── StoreError             the database cannot be used
│   └── StoreAwayError     … for the moment: its server cannot be reached
├── PictureError           a picture cannot be passed on
└── CallError              a call to the outside failed
    ├── ProviderError      … at Booking.com or another provider
    └── SlackError         … at Slack
"""

from __future__ import annotations


class BridgebotError(Exception):
    """Something bridgebot cannot go on with; the text is written for a person."""


class SettingsError(BridgebotError):
    """A setting is missing or malformed."""


class StoreError(BridgebotError):
    """The database cannot be used."""


class StoreAwayError(StoreError):
    """The database's server cannot be reached, or takes nobody yet: this passes by itself.

    ``code`` and ``after`` are as in ``CallError``.
    """

    code = "database_away"
    after: float | None = None


class PictureError(BridgebotError):
    """A picture cannot be passed on as it is; the text says what is wrong with it.

    It goes on a sentence that names the picture: "is no JPEG or PNG picture". ``code`` is a
    constant word for the metrics.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class CallError(BridgebotError):
    """A call to an outside system failed.

    ``code`` is a constant word (the vendor's error name, ``http_503``, ``timeout``, ``connect``).
    ``permanent``: the same call will never work. ``certain``: the call surely had no effect; when
    it is false nobody knows whether it happened. ``auth``: credentials were refused. ``after``:
    seconds the other side asked to wait. ``answered``: it looked at this very call, and so let us
    in. The text never holds guest text, names or tokens.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        permanent: bool = False,
        certain: bool = True,
        auth: bool = False,
        after: float | None = None,
        answered: bool = False,
    ) -> None:
        super().__init__(message)
        self.answered = answered
        self.code = code
        self.permanent = permanent
        self.certain = certain
        self.auth = auth
        self.after = after


class ProviderError(CallError):
    """A call to a provider failed."""


class SlackError(CallError):
    """A call to Slack failed."""
