"""What the project does, shown: ``make demo``, ``make demo-s3`` and their neighbours."""
