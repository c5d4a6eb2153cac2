"""The figures of the book: one module a chapter, one function a figure. Start with `course_lib.figures.style`."""

from course_lib.figures.style import COLORS, Picture, canvas, powers_of_ten, show, styled

__all__ = ["COLORS", "Picture", "canvas", "powers_of_ten", "show", "styled"]
