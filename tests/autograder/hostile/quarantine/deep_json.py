"""Brackets that open a hundred thousand times."""


def submission(notebook):
    return b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": ' + b"[" * 100_000
