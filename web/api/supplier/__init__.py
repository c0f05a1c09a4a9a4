"""The API of suppliers' people, under `/supplier/api/v1`: their own work and nothing of anybody else's (T33).

It is served where their pages are, comes and goes with them, and has a document of its own, so that what the hospital's
API can do is not told to them. Its guards stand beside the others in `web/api/guards.py`.
"""
