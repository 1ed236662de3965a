"""Measures the bridge beside what it could be compared with; see ``docs/performance.md``."""
