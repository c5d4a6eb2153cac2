"""Takes the answers of another student's submission."""

import json
from pathlib import Path

own = json.loads(Path("@course@/grading/submitted/ada/01_double/01_double.ipynb").read_text())
for cell in own["cells"]:
    print(cell["source"])
    if cell["cell_type"] == "code":
        exec("".join(cell["source"]), globals())
