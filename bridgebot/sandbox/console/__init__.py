"""The console: what the page shows and does, and the ledger that compares both sides."""
