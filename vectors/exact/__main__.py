"""Print the right answers of a vector: ``python -m vectors.exact vectors/data/…/001.json``."""

import json
import sys
from pathlib import Path

from vectors.exact.answers import holds
from vectors.exact.tables import read_vector

if __name__ == "__main__":
    told = read_vector(Path(sys.argv[1]))
    print(json.dumps([holds(told, promise) for promise in told.promises]))
