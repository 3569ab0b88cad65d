"""Jobs from Python."""
