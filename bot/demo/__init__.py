"""Trying the bot without an account: the stand-in Slack, the bot beside it, and the prompt and the tour on top."""
