"""Returns lists and dicts that contain themselves."""


def double(x):
    cycle = [x]
    cycle += [cycle, {"cycle": cycle}]
    return cycle
