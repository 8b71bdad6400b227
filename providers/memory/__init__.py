"""A video server inside the process: for the demo, for development and for tests. It does everything the contract has.

`server` is the server, the sum of one module per subject (`rooms`, `people`, `tracks`, `signals`, `egress`, `ingress`,
`trunks`, `calls`, `agents`).
`provider` speaks to it as the other packages speak to theirs, and `webhooks` with `sender` carry what happens on it
over HTTP, signed.
"""
