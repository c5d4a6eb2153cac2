"""The accelerated backend: the names of `course_lib.reference` on PyTorch, on the CPU or a GPU, as fast as it will go.

Every class here *is* the reference's class: the same constructor, the same checks, the same first weights. Given
tensors it works in PyTorch, with gradients by autograd; given anything else it is the reference itself. Networks are
trained by the same `course_lib.training.fit`.
"""
