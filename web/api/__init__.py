"""`/api/v1`: the console's use cases as JSON, for programs. A file per noun, over the same services as the pages.

A program brings a personal token (`Authorization: Bearer bst_…`), which may never do more than its owner may now.
A token alone decides nothing: approving, refusing, cutting and locking also want a fresh authenticator code in the
body (`code`). Errors are RFC 9457 problem documents (`problems.py`); who may call what stands in `guards.py`.
"""
