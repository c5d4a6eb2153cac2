"""Takes the bound off its own outputs, and answers each cell with many megabytes."""

import gc

for thing in gc.get_objects():
    if type(thing).__name__ == "Outputs":
        outputs = thing
page = "x" * 1_500_000
outputs.items += [{"output_type": "stream", "name": "stdout", "text": page} for _ in range(9)]


def double(x):
    raise ValueError(page)


# %%
outputs.items += [{"output_type": "stream", "name": "stdout", "text": page} for _ in range(9)]
# %%
outputs.items += [{"output_type": "stream", "name": "stdout", "text": page} for _ in range(9)]
# %%
outputs.items += [{"output_type": "execute_result", "execution_count": 10**5000, "data": {"text/plain": "2"}}]
