"""Everything that speaks with Slack: what comes in, what goes out, who people are."""
