"""Places, sources and targets: the only code that opens a path."""
