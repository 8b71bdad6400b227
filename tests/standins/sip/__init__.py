"""What stands in for LiveKit's SIP service, and for the telephones behind it."""
