"""One file per noun, as in `bastion/services`. Each builds a router; `web/app.py` joins them."""
