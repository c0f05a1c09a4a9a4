"""A hospital in a folder, to try the bastion on: made-up people, a real `sshd` as one device, a simulated scanner.

Nothing of the product imports this package. `imaging` and `sshd` play devices, the far side of the wire; `world` fills
the records through the same services as an administrator would; `screen` tells the newcomer what to type.
"""
