"""A stand-in for tests; see fake_engine.py."""
