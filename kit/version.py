"""The version of Jingwei; one for all deployables, which move together."""

VERSION = "0.1.0"
