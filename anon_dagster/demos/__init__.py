"""What the project does, shown: ``make demo`` and ``make demo-s3``."""
