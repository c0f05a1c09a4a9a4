"""The `bastion` command: the same use cases as the console, for whoever runs the machine.

`main` joins the groups; a group is a file: `machine` (init, serve, check…), `registers`, `people`, `devices`, `locks`,
`records`. `terminal` prints, `exits` says which error leaves with which exit code. Every error is one sentence on
standard error.
"""
