"""Remembers: what was typed and what came back, kept so that nobody can change it unseen.

    recorder  writes each byte to a spool before anybody forwards it          spool/<id>/track-N.spool
    container seals a finished (or crashed) spool into a signed container     store/<id>/{track-N.zst, manifest, seal}
    replay    opens a sealed container, or a spool still being written, as asciicast, a table of files, or pcapng
    verify    `python -m recordings.verify DIR PUBKEY`: needs this package, cryptography and zstandard, nothing else

`model frames files file_table traffic pcapng terminal chain signing manifest retention` hold the rules; `spool recorder
durable sealing blobs container replay erasure` touch files. What each of them writes stands at the top of its file, so
that others can read it too.
Everything here is synchronous and knows nothing of the bastion: a recording outlives the product that made it (R-48).
"""
