"""What may change, and when: plain data and pure state machines.

Nothing here does I/O and nothing here reads the clock: `now` comes in, effects go out.
One file per noun; the noun keeps its name in `services/`, `web/pages/` and `web/api/`.
"""
