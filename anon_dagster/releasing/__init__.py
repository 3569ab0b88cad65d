"""The second reading: a decision is written down, proven as stored, and only then published."""
