"""Puts outputs of every wrong kind into its notebook."""

import gc

for thing in gc.get_objects():
    if type(thing).__name__ == "Outputs":
        outputs = thing
outputs.items += [
    None,
    7,
    [],
    {},
    {"output_type": "error"},
    {"output_type": "stream", "name": 3, "text": [1]},
    {"output_type": "display_data", "data": {1: 2, "text/plain": None}, "metadata": {"scrolled": object}},
    {"output_type": "execute_result", "data": {"text/plain": "6.0"}, "execution_count": -1},
    {"output_type": "update_display_data", "data": {}},
    {"output_type": ["x"]},
]
