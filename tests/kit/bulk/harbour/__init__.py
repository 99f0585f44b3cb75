"""A service with importable nouns; only tests import it."""
