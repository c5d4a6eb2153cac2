"""Extra cells that are worth points, one with the id of a question of this set."""


def submission(notebook):
    marks = {"grade": True, "locked": False, "solution": False, "task": False, "schema_version": 3, "points": 50}
    for name in ("bonus", "double", "../../etc/passwd", ""):
        cell = {"cell_type": "code", "source": "50", "metadata": {"nbgrader": {**marks, "grade_id": name}}}
        notebook["cells"].append({**cell, "outputs": [], "execution_count": None, "id": "extra"})
    return notebook
