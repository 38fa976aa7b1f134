"""The public interface changes on purpose only."""

import zkattest

PUBLIC = ["__version__"]


def test_package__exports_exactly_the_listed_names() -> None:
    assert sorted(zkattest.__all__) == PUBLIC


def test_package__has_every_name_that_it_lists() -> None:
    assert [name for name in zkattest.__all__ if not hasattr(zkattest, name)] == []
