"""What a person can ask for: one module per noun. Knows neither Slack nor HTTP nor SQL."""
