"""Uses a subprocess, a thread pool and a process of its own, as an honest answer may."""

import multiprocessing
import subprocess
from concurrent.futures import ThreadPoolExecutor


def double(x):
    with ThreadPoolExecutor(2) as pool:
        halves = list(pool.map(lambda value: value, [x, x]))
    subprocess.run(["true"], check=True)
    child = multiprocessing.get_context("fork").Process(target=print, args=("hello",))
    child.start()
    child.join()
    return sum(halves)
