"""Keeps facts: tables, repositories, the audit chain, the vault, the bus and the leases.

Only `services` calls in here. SQLite for one machine, PostgreSQL for several; the URL decides.
"""
