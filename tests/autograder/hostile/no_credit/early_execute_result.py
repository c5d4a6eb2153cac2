"""Sends results of its own through the display hook, as nbgrader's partial credit would look."""

from IPython.display import display

hook = get_ipython().displayhook
for value in (2.0, -1, float("nan"), float("inf"), 1e300):
    hook(value)
    display(value)
    hook.write_format_data({"text/plain": repr(value)}, {})


def double(x):
    hook.write_format_data({"text/plain": "2.0"}, {})
    return 0
