"""Settings and fixtures of every test: Hypothesis draws the same examples in every run, and there is one Chromium."""

import os
import shutil
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("course", deadline=None, derandomize=True, max_examples=30)
settings.load_profile("course")

CHROMIUM_PLACES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
CHROMIUM_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """Path of Chromium: the variable CHROMIUM, or one of the usual places."""
    places = [os.environ["CHROMIUM"]] if os.environ.get("CHROMIUM") else CHROMIUM_PLACES
    return next((found for place in places if (found := shutil.which(place))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """One Chromium for the whole session."""
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium found: set CHROMIUM to its path, or install the system's chromium package")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=list(CHROMIUM_ARGUMENTS))
        yield chromium
        chromium.close()
