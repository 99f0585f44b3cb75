"""A look into the database of a test, past the service."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import asyncpg


def rows(url: str, statement: str, *arguments: Any) -> list[dict[str, Any]]:
    """Return the rows of a statement; JSON columns parsed."""

    async def run() -> list[dict[str, Any]]:
        connection = await asyncpg.connect(url)
        try:
            await connection.set_type_codec(
                "jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
            )
            return [dict(row) for row in await connection.fetch(statement, *arguments)]
        finally:
            await connection.close()

    return asyncio.run(run())
