"""A zip archive with the ending of a notebook."""

import io
import json
import zipfile


def submission(notebook):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("../../01_double.ipynb", json.dumps(notebook))
    return data.getvalue()
