"""Guards of rows: triggers that refuse what the domain refuses, in SQL both databases understand.

The migrations that have run depend on what this makes: it may gain words, never change them.
"""

from alembic import op


def guard(table: str, name: str, event: str, condition: str | None, sentence: str) -> None:
    """Refuse `event` (update, delete) on a row of `table` where `condition` on OLD and NEW holds, or always."""
    if op.get_bind().dialect.name == "sqlite":
        when = f"when {condition}" if condition else ""
        op.execute(
            f"create trigger {table}_{name} before {event} on {table} for each row {when} "
            f"begin select raise(abort, '{sentence}'); end"
        )
        return
    when = f"when ({condition})" if condition else ""
    op.execute(refusing(f"{table}_{name}", sentence))
    op.execute(
        f"create trigger {table}_{name} before {event} on {table} for each row {when} execute function {table}_{name}()"
    )


def refusing(name: str, sentence: str) -> str:
    """The PostgreSQL function of a trigger that says no."""
    return (
        f"create function {name}() returns trigger language plpgsql as $$ "
        f"begin raise exception '{sentence}' using errcode = 'integrity_constraint_violation'; end $$"
    )
