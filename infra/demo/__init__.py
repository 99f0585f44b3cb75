"""A made-up district in the case format, to show and test Jingwei without anybody's data."""
