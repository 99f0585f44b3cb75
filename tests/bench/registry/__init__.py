"""`make bench PART=registry`: the registry against its own goals."""
