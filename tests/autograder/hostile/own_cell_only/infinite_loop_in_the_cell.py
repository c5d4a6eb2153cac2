"""Never reaches the end of its cell."""

while True:
    pass
