"""What stands in for a worker of LiveKit's Agents framework."""
