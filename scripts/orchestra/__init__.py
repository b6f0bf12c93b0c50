"""Orchestra: carries out a written plan with coding agents, and proves each step."""

__version__ = "0.1.0"
