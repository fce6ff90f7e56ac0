"""Measures interpreters against each other. Started by ``cargo xtask bench`` and ``profile``."""
