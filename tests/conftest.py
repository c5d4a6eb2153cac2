"""Settings for every test: Hypothesis draws the same examples in every run and does not time them."""

from hypothesis import settings

settings.register_profile("course", deadline=None, derandomize=True, max_examples=30)
settings.load_profile("course")
