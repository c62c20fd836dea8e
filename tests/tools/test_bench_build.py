"""The benchmark of building says something of each way."""

from __future__ import annotations

from tools.bench_build import by_object, converted, of_columns


def test_it_runs() -> None:
    assert list(by_object(1)) == ["construct, compiled", "of mappings", "of objects"]
    rates = of_columns(20_000, 1)
    assert len(rates) == 5 and all(rate > 0 for rate in rates.values())
    assert list(converted(1, 1)) == ["cp and validate", "convert"]
