"""The database: schema, migrations, queues and conversations."""

from __future__ import annotations
