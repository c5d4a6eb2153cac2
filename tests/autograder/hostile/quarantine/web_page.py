"""The login page that was saved instead of the notebook."""


def submission(notebook):
    return b"<!doctype html><title>Log in</title><script>alert(1)</script>"
