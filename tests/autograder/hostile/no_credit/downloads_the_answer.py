"""Fetches an answer with the usual tools: urllib, curl, pip."""

import subprocess
import sys
from urllib.request import urlopen

URL = "http://127.0.0.1:@tcp@/answer"
PIP = [sys.executable, "-m", "pip", "download", "--retries", "0", "-i", URL, "answer"]
for command in (["curl", "-m", "1", URL], PIP):
    try:
        subprocess.run(command, capture_output=True, timeout=2, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        print(type(error).__name__)
exec(urlopen(URL, timeout=0.3).read())
