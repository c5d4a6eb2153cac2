"""Cells sorted backwards."""


def submission(notebook):
    return {**notebook, "cells": notebook["cells"][::-1]}
