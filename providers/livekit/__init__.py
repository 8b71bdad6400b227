"""LiveKit OSS and Cloud, and OpenVidu 3, which speaks the same API.

Tried with livekit-server 1.13.5 through livekit-api 1.2.2.

Rooms, participants, tracks, signals, tokens, egress, ingress, telephones, agents and webhooks. `provider.LiveKit` is
the sum of one module per service; `client` makes every call and `errors` translates every failure. No protobuf type
leaves this package.

Egress has a module for each step: `egress_rules` (what can be asked for), `egress_requests` (options to protobuf),
`egress` (the calls), `egress_asked` and `egress_info` (what LiveKit tells, to values), and `workers` (whether it is
there at all). `outputs` are the storages of the configuration, `destinations` the names of where streams go.
Ingress has the same steps: `ingress_rules`, `ingress_requests`, `ingress` and `ingress_info`. What webhooks tell of
both becomes `facts`.
Telephones: `sip_mapping` and `trunks` (trunks and rules), `calls` and `call_info` (calls, which are participants),
`dtmf` (keys, for which we come into the room ourselves).
"""
