"""`make bench`: what a session through the bastion costs, next to `ssh -J` through a stock OpenSSH server."""
