"""A toy service that uses every part of the kit; only tests import it."""
