"""TechnoCommune Hub: a box that lets a village trade without money, bank or internet."""

__version__ = "0.1.0"
