"""The second path: what a release reaches, measured without the search and its evaluation."""
