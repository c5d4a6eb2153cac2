"""Displays pictures whose data are scripts, or blanks on which a careless pattern takes hours."""

from IPython.display import display

SCRIPT = '"><script>alert(1)</script><img src="'
for mime in ("image/png", "image/jpeg", "image/svg+xml", "text/html", "application/javascript", "text/latex"):
    display({mime: SCRIPT, "text/plain": SCRIPT}, raw=True)
display({"image/png": " " * 190_000 + "!"}, raw=True)


def double(x):
    return 0
