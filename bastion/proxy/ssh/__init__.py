"""The SSH edge, and the only importer of asyncssh: its callbacks become frames, calls and refusals here, once.

`server` listens, `front` keeps strangers out, `visit` serves whoever is in, `channels` and `connector` are the two ends
of a session, `packet_path` makes the way between them short.
"""
