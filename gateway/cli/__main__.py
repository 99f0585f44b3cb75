"""`python -m gateway.cli`: what `./jingwei` runs."""

from __future__ import annotations

from gateway.cli.app import build

if __name__ == "__main__":
    build()()
