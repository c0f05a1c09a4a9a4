"""The console: pages (`pages/`) and JSON (`api/`), both thin translations over the services.

A page is whole without JavaScript: forms post and redirect. htmx re-reads fragments when a hint says that something
changed (`live.py`). Who may call which route stands in one table (`guards.py`); what goes to the browser with every
answer, and what is refused before any route runs, in `shield.py`.
"""
