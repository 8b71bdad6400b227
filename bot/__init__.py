"""The bot: Slack, the network, the database and the process around `commands` and `providers`."""
