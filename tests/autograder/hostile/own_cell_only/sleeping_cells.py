"""Adds cells that sleep, each just long enough to be stopped for itself only."""

import time


# %%
time.sleep(86_400)
# %%
time.sleep(86_400)
# %%
time.sleep(86_400)
