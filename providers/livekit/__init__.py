"""LiveKit OSS and Cloud, and OpenVidu 3, which speaks the same API.

Tried with livekit-server 1.13.5 through livekit-api 1.2.2.

Rooms, participants, tracks, signals, tokens and webhooks. `provider.LiveKit` is the sum of one module per service;
`client` makes every call and `errors` translates every failure. No protobuf type leaves this package.
"""
