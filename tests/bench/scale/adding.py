"""Writes the chapters that a filled database lacks; the note beside it says which it has."""

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import asyncpg
import sqlalchemy as sa

from bastion.store.tables import metadata
from tests.bench.scale import chapters
from tests.bench.scale.chapters import Chapter, Known
from tests.bench.scale.hospital import MICRO, Rows
from tests.bench.scale.rows import Kinds, Row

BATCH: Final = 20_000
Batches = Iterator[tuple[sa.Table, list[dict[str, Any]]]]


def to_sqlite(path: Path, note: Path) -> float:
    """How many seconds it took, 0 when nothing was missing."""
    began, missing = time.monotonic(), _missing(note)
    if not missing:
        return 0.0
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        for pragma in ("synchronous=off", "cache_size=-500000", "foreign_keys=off"):
            database.execute(f"pragma {pragma}")
        triggers = database.execute("select name, sql from sqlite_master where type = 'trigger'").fetchall()
        for chapter in missing:
            database.execute("begin")
            for name, _sql in triggers:
                database.execute(f"drop trigger {name}")
            with _known(path, note, chapter) as known:
                for table, said in _batches(chapter.new(known)):
                    row = Row(table)
                    database.executemany(row.insert, [row.values(one) for one in said])
                for table, said in _batches(chapter.changed(known)):
                    database.executemany(_change(table, said[0], "?" * len(said[0])), [_last_id(one) for one in said])
            for _name, sql in triggers:
                database.execute(sql)
            database.execute("commit")
            _keep(note, chapter)
        database.execute("analyze")
    return time.monotonic() - began


async def to_postgres(dsn: str, source: Path, note: Path) -> float:
    """The same from what stands in the SQLite file `source`, which has every chapter already."""
    began, missing = time.monotonic(), _missing(note)
    if not missing:
        return 0.0
    target = await asyncpg.connect(dsn)
    try:
        await target.execute("set session_replication_role = replica")
        for chapter in missing:
            async with target.transaction():
                with _known(source, note, chapter) as known:
                    for table, said in _batches(chapter.new(known)):
                        row, kinds = Row(table), Kinds.of(table.c)
                        records = [kinds.as_postgres(row.values(one)) for one in said]
                        await target.copy_records_to_table(table.name, records=records, columns=row.columns)
                    for table, said in _batches(chapter.changed(known)):
                        kinds = Kinds.of(table.c[name] for name in _last_id_names(said[0]))
                        marks = [f"${n + 1}" for n in range(len(said[0]))]
                        values = [kinds.as_postgres(_last_id(one)) for one in said]
                        await target.executemany(_change(table, said[0], marks), values)
            _keep(note, chapter)
        await target.execute("vacuum analyze")  # as autovacuum does by itself after that many new rows
    finally:
        await target.close()
    return time.monotonic() - began


# -- parts -------------------------------------------------------------------------------------------------------------
def _missing(note: Path) -> list[Chapter]:
    there = json.loads(note.read_text()).get("chapters", [])
    return [one for one in chapters.ALL if one.name not in there]


def _keep(note: Path, chapter: Chapter) -> None:
    kept = json.loads(note.read_text())
    note.write_text(json.dumps(kept | {"chapters": [*kept.get("chapters", []), chapter.name]}))


@contextlib.contextmanager
def _known(path: Path, note: Path, chapter: Chapter) -> Iterator[Known]:
    """What the chapter speaks of, read beside what is being written."""
    now = round(json.loads(note.read_text())["at"] * MICRO)
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as file:
        yield Known(file, now, chapter.name)


def _batches(rows: Rows) -> Batches:
    """Rows of one table that say the same columns, many at a time."""
    waiting: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for name, said in rows:
        lines = waiting.setdefault((name, *said), [])
        lines.append(said)
        if len(lines) >= BATCH:
            yield metadata.tables[name], lines
            waiting[name, *said] = []
    for (name, *_columns), lines in waiting.items():
        if lines:
            yield metadata.tables[name], lines


def _change(table: sa.Table, said: dict[str, Any], marks: "list[str] | str") -> str:
    names = _last_id_names(said)
    put = ", ".join(f'"{name}" = {mark}' for name, mark in zip(names[:-1], marks, strict=False))
    return f'update "{table.name}" set {put} where id = {marks[-1]}'


def _last_id_names(said: dict[str, Any]) -> list[str]:
    return [*(name for name in said if name != "id"), "id"]


def _last_id(said: dict[str, Any]) -> list[Any]:
    return [said[name] for name in _last_id_names(said)]
