from tests.e2e.conftest import hospital, world

__all__ = ["hospital", "world"]
