"""A calibration: the temperature of a thermistor by its resistance."""

import numpy as np


class Thermistor:
    """Degrees Celsius of ohms, by the equation of Steinhart and Hart: 1 / T = a + b ln R + c (ln R)**3."""

    def __init__(self, a: float = 1.129e-3, b: float = 2.341e-4, c: float = 8.775e-8) -> None:
        self._coefficients = a, b, c

    def of_array(self, values: np.ndarray) -> np.ndarray:
        """The temperatures of resistances, float64 of the same shape; NaN where there is none."""
        a, b, c = self._coefficients
        with np.errstate(invalid="ignore", divide="ignore"):
            logarithm = np.log(np.where(values > 0, values, np.nan))
            return 1 / (a + b * logarithm + c * logarithm**3) - 273.15
