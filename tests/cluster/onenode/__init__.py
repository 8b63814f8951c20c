"""A Kubernetes of one node on this machine, for the tests: brought up, looked at, taken down.

`python -m onenode` is its command line; `onenode.cluster` has `up` and `down` for Python.
"""
