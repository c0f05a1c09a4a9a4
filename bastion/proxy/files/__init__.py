"""The SFTP gate: stands beside a byte relay, reads what passes, and lets through what the grant allows.

`lane` cuts one direction into packets and passes judged bytes on as they came; `requests` judges what the technician
asks, `replies` what the device answers; `ledger` knows which file the bytes belong to and what became of it; `rights`
is the table of who may do what; `wire` is the format. `gate` joins them. Pure: no clock but the one given, no I/O.
"""
