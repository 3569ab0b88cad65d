"""What is checked of a release before anybody gets it: ``make release-check``."""
