"""The shell, as ``python -m anon_dagster.cli``."""

import sys

from anon_dagster.cli import main

sys.exit(main())
