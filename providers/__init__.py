"""Video servers behind one contract. Knows nothing of Slack, of commands or of the database."""
