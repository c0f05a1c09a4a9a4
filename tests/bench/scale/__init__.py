"""A bastion that has served a group of hospitals for four years: is every page still there at once?

`hospital.py` invents the rows, `filling.py` puts them into SQLite and PostgreSQL, `addresses.py` lists every page and
list of the console and the API, `asking.py` measures them, `plans.py` shows which index each statement used, `live.py`
measures how soon a decision reaches an open page.
"""
