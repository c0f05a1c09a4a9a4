"""Privileged-access bastion for supplier telemaintenance in hospitals.

`domain` says what may change, `store` keeps it, `services` are the use cases, `proxy` moves bytes.
Beside this package: `policies` decides, `recordings` remembers, `web` shows.
`app` is the one place that builds the parts and joins them; start reading there.
"""
