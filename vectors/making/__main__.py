"""Write all vectors: ``python -m vectors.making``."""

import shutil
from pathlib import Path

from vectors.making.writing import write

if __name__ == "__main__":
    data = Path(__file__).parent.parent / "data"
    shutil.rmtree(data, ignore_errors=True)
    print(f"{write(data)} vectors in {data.name}/")
