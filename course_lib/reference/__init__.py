"""The reference backend: plain NumPy, every backward pass by hand, to be read beside the book.

One module an idea; a module's name is the chapter's. Nothing here imports PyTorch or Matplotlib.
"""
