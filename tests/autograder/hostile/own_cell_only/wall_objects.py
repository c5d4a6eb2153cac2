"""Returns arrays of objects, records, dates, and things that are neither."""

import datetime
import decimal

import numpy as np


def double(x):
    if x == 3:
        return np.array([print, {}, None], dtype=object)
    records, moment = np.zeros(2, dtype="i4,f8"), np.datetime64("2020-01-01")
    return [records, moment, datetime.date.today(), decimal.Decimal(6), {6: {6}}]
