"""`make bench`: what a command costs us, beside bare aiohttp and Bolt in the same run. See docs/bench.md."""
