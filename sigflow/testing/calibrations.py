"""The check of calibrations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sigflow import calibration as calibrations
from sigflow.testing.contract import Contract


def check_calibration(make: str | Callable[..., Any], arguments: Mapping[str, Any] | None = None) -> None:
    """Holds a calibration against its contract: `make(**arguments).of_array(values)` gives float64 of the same shape,
    each of the value at its place alone, leaves the values as they are, and keeps NaN.

    make: a name, or what makes it.  arguments: those that it is made of.  Raises `PluginError`.
    """
    import numpy as np

    name = make if isinstance(make, str) else getattr(make, "__name__", "calibration")
    rules = Contract("calibration", name)
    maker = calibrations.get(make) if isinstance(make, str) else make
    try:
        calibration = maker(**dict(arguments or {}))
    except Exception as error:
        rules.raised(error, "it is made of its arguments", repr(dict(arguments or {})))
    of_array = getattr(calibration, "of_array", None)
    rules.hold(callable(of_array), "it has a method of_array", type(calibration).__name__)
    assert of_array is not None  # (so it was seen)
    rng = np.random.default_rng(0)
    plain = np.concatenate([np.linspace(-2000, 2000, 257), [0.0, -0.0, 1e-300], rng.normal(0, 1e3, 500)])

    def computed(values: Any) -> Any:
        before = values.copy()
        try:
            with np.errstate(all="ignore"):
                result = of_array(values)
        except Exception as error:
            rules.raised(error, "it takes any float64", f"shape {values.shape}")
        same = np.array_equal(values, before, equal_nan=True)
        rules.hold(same, "it leaves the values as they are", f"shape {values.shape}")
        rules.hold(isinstance(result, np.ndarray), "it gives an array", f"{type(result).__name__}")
        rules.equal(result.dtype, np.dtype(np.float64), "it gives float64")
        rules.equal(result.shape, values.shape, "it gives an array of the same shape")
        return result

    whole = computed(plain)
    rules.hold(_same(computed(plain), whole), "it gives the same each time", "another result")
    computed(np.empty(0))
    square = plain[:256].reshape(16, 16)
    rules.hold(_same(computed(square).ravel(), whole[:256]), "the shape does not matter", "another result in rows")
    rule = "each result is of the value at its place alone"
    rules.hold(_same(computed(plain[::-1].copy())[::-1], whole), rule, "another result in reverse order")
    rules.hold(_same(computed(plain[::2]), whole[::2]), rule, "another result of every second value")
    for place in range(0, len(plain), 37):
        alone = computed(plain[place : place + 1].copy())[0]
        rules.hold(
            _same(alone, whole[place]), rule, f"{plain[place]!r} alone gives {alone!r}, among others {whole[place]!r}"
        )
    holes = plain.copy()
    holes[::5] = np.nan
    result = computed(holes)
    rules.hold(np.isnan(result[::5]).all(), "NaN stays NaN", f"{result[::5][~np.isnan(result[::5])][:1]}")
    others = np.ones(len(holes), bool)
    others[::5] = False
    rules.hold(_same(result[others], whole[others]), rule, "another result beside NaN")
    computed(np.array([np.inf, -np.inf, np.finfo(float).max, np.finfo(float).min]))
    rules.bounded(lambda: of_array(plain), "it keeps nothing of what it has computed")


def _same(left: Any, right: Any) -> bool:
    import numpy as np

    return bool(np.array_equal(left, right, equal_nan=True))
