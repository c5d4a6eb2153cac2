"""The library of Descent: how neural networks learn, from one derivative to a full GPU.

`reference` is readable NumPy with every backward pass by hand; `accelerated` the same names on PyTorch. Training,
callbacks, schedules, metrics, search, filters, data and checks serve both; `figures` and `widgets` draw the book.
"""

__version__ = "0.1.0"
