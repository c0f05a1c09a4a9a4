from tests.e2e.conftest import hospital, policies, world

__all__ = ["hospital", "policies", "world"]
