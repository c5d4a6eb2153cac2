"""Never returns, and catches whatever is to stop it."""


def double(x):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
