"""What stands in for LiveKit's ingress service."""
