"""Which topics people and programs may be told of: closed lists in two tables, grown by one migration after another."""

from alembic import op

from migrations.guards import guard

_DELIVERED = ("id", "key", "topic", "recipient_kind", "recipient_id", "facility_id", "facts", "path", "at")


def allow(topics: str) -> None:
    """Take only what `topics`, a condition on `topic`, lets in. SQLite makes the tables anew for that, and the guard of
    deliveries with them.
    """
    for table in ("outbox", "deliveries"):
        with op.batch_alter_table(table) as changed:
            changed.drop_constraint(f"ck_{table}_topic", type_="check")
            changed.create_check_constraint(f"ck_{table}_topic", topics)
    if op.get_bind().dialect.name == "sqlite":
        fact = " or ".join(f"new.{name} <> old.{name}" for name in _DELIVERED)
        guard("deliveries", "which", "update", fact, "a delivery says what it said, to whom it was meant")
