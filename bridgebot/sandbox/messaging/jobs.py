"""What a search is, between the call that makes it and those for its result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(kw_only=True, slots=True)
class Job:
    """A search; ``polls`` is how many more requests for its result find it not ready."""

    job_id: str
    client_id: str
    properties: frozenset[str]
    after: datetime
    before: datetime
    newest_first: bool
    version: str
    expires_at: datetime
    polls: int
