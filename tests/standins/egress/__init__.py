"""What stands in for LiveKit's egress service, for the real server and for the stand-in of it."""
