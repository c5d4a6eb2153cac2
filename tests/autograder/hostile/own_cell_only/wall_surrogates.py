"""Returns and raises text that no encoding can write, and control characters."""


def double(x):
    if x == 3:
        return "\ud800\udfff\x00\x1b[2J<script>alert(1)</script>"
    raise ValueError("\ud800 \x1b]0;title\x07 <script>alert(1)</script>")
