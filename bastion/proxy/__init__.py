"""Moves bytes between a technician and a device, under a live session that may stop them at any moment.

`ssh` is the edge (the only importer of asyncssh), `live_session` carries out the domain's session machine,
`supervisor` knows every live session of this node, `relay` and `taps` pass frames on.
`tcp` decides which addresses may be dialled at all; `telnet` and `serial_line` speak to old devices,
`login_script` answers their prompts.
"""
