"""The web door of suppliers' people, under `/supplier`: an application of its own beside the console (R-16).

It has its own cookie, its own table of guards, its own pages and its own idea of who is signed in; it shares the looks
and the services. It may be switched off (`portal`), or served alone (`serve --only portal`).
"""
