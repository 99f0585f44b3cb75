"""Signing keys that rotate without a gap, and revocations that reach every service."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from joserfc import jws
from sqlalchemy import Connection

from gateway.app import PACKAGE_DIR, create_door
from gateway.settings import Settings
from gateway.tokens import clients, storage
from gateway.tokens.domain import ROTATION_LEAD, ROTATION_SLACK, Client, fingerprint
from gateway.tokens.hashing import SecretHasher
from gateway.tokens.keeping import Keeper, load_keys, rotate
from gateway.tokens.keyring import Keyring
from gateway.tokens.problems import ClientRevoked, HashingBusy
from gateway.tokens.tables import METADATA
from kit import migrations
from kit.auth import StaticKeys, TokenVerifier
from kit.db import Database
from kit.errors import Unauthenticated
from kit.revocation import RevocationPoller, Revocations
from kit.sealing.keys import KeyRing, SealBroken
from kit.testing.clock import FrozenClock
from kit.testing.databases import TestDatabases
from kit.testing.tokens import AUDIENCE, ISSUER, TestTokens

KEY = bytes(range(200, 232))
RING = KeyRing({1: KEY}, {})
LIFETIME_S = 600


@pytest.fixture
def url(databases: TestDatabases) -> Iterator[str]:
    with databases.fresh(PACKAGE_DIR) as url:
        yield url


def kid_signing(keyring: Keyring) -> str:
    return str(jws.extract_compact(keyring.sign({}).encode()).headers()["kid"])


def test_a_new_key_is_shown_before_it_signs_and_the_old_one_until_its_tokens_end(
    url: str, clock: FrozenClock
) -> None:
    async def run() -> None:
        database = Database(url, application="test", pool_size=1)
        keyring = Keyring(clock)

        async def turn(*, at_once: bool = False) -> str:
            async with database.unit_of_work() as tx:
                kid, _ = await rotate(
                    tx, RING, now=clock.now(), lifetime_s=LIFETIME_S, at_once=at_once
                )
                keyring.replace(await load_keys(tx, RING, now=clock.now()))
            return kid

        def shown() -> set[str]:
            return {key["kid"] for key in keyring.jwks()["keys"]}

        first = await turn()
        assert (kid_signing(keyring), shown()) == (first, {first})
        second = await turn()
        assert (kid_signing(keyring), shown()) == (first, {first, second})
        clock.move(seconds=ROTATION_LEAD.total_seconds())
        assert (kid_signing(keyring), shown()) == (second, {first, second})
        clock.move(seconds=LIFETIME_S + ROTATION_SLACK.total_seconds() - 1)
        assert await keyring.find(first) is not None
        clock.move(seconds=1)
        assert shown() == {second}
        assert await keyring.find(first) is None
        leaked = second
        third = await turn(at_once=True)
        assert (kid_signing(keyring), shown()) == (third, {third})
        assert await keyring.find(leaked) is None
        await database.close()

    asyncio.run(run())


def test_signing_keys_lie_sealed_and_only_their_own_key_file_opens_them(
    url: str, clock: FrozenClock
) -> None:
    async def run() -> None:
        database = Database(url, application="test", pool_size=1)
        async with database.unit_of_work() as tx:
            await rotate(tx, RING, now=clock.now(), lifetime_s=LIFETIME_S)
            (row,) = (await tx.exec_driver_sql("SELECT * FROM signing_keys")).mappings().all()
            assert b'"d"' not in row["sealed"]
            with pytest.raises(SealBroken):
                await load_keys(tx, KeyRing({1: bytes(32)}, {}), now=clock.now())
        await database.close()

    asyncio.run(run())


def test_the_gateway_takes_up_rotations_and_revocations_made_elsewhere(
    url: str, clock: FrozenClock, tokens: TestTokens
) -> None:
    async def run() -> None:
        database = Database(url, application="test", pool_size=2)
        keyring, revocations = Keyring(clock), Revocations()
        hasher = SecretHasher(workers=1, waiting_max=1)
        keeper = Keeper(
            database,
            lambda: RING,
            keyring=keyring,
            revocations=revocations,
            verifier=tokens.verifier(),
            clock=clock,
            lifetime_s=LIFETIME_S,
            may_make_key=True,
        )
        await keeper.start()
        before = kid_signing(keyring)
        client = Client("vendor", "Vendor", ("registry:read",), ("*",))
        everywhere = ("*",)
        async with database.unit_of_work() as tx:
            await rotate(tx, RING, now=clock.now(), lifetime_s=LIFETIME_S, at_once=True)
            await clients.create(tx, client, by_areas=everywhere, hasher=hasher, now=clock.now())
            await clients.revoke(tx, "vendor", by_areas=everywhere, now=clock.now())
        await keeper.refresh()
        assert kid_signing(keyring) != before
        issued = clock.now().timestamp()
        assert revocations.is_void("vendor", issued - 1)
        assert revocations.is_void("vendor", issued)
        assert not revocations.is_void("other", issued)
        clock.move(seconds=LIFETIME_S + 301)
        await keeper.refresh()
        assert revocations.all() == {}
        hasher.close()
        await database.close()

    asyncio.run(run())


def test_production_without_any_signing_key_does_not_start(url: str, tmp_path: Path) -> None:
    path = tmp_path / "gateway.key"
    path.touch(mode=0o600)
    path.write_text(base64.b64encode(KEY).decode())
    door = create_door(Settings(environment="production", database_url=url, key_file=path))

    async def run() -> None:
        async with door.app.router.lifespan_context(door.app):
            pass

    with pytest.raises(RuntimeError, match="keys rotate"):
        asyncio.run(run())


class Feed:
    """The revocation feed of a gateway, as a service hears it."""

    def __init__(self) -> None:
        self.content: object = {"items": []}
        self.status = 200

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/.well-known/revoked-clients"
        return httpx.Response(self.status, json=self.content)


def test_a_service_refuses_a_revoked_client_even_with_a_remembered_decision(
    tokens: TestTokens,
) -> None:
    async def run() -> None:
        feed, revocations = Feed(), Revocations()
        verifier = TokenVerifier(
            StaticKeys(tokens.jwks), issuer=ISSUER, audience=AUDIENCE, revocations=revocations
        )
        token = [tokens.headers(client_id="vendor")["Authorization"]]
        async with httpx.AsyncClient(transport=httpx.MockTransport(feed)) as http:
            poller = RevocationPoller("http://g/.well-known/revoked-clients", http, revocations)
            assert await poller.read()
            assert (await verifier.verify(token)).client_id == "vendor"
            void_before = tokens.claims()["iat"] + 1
            feed.content = {"items": [{"client_id": "vendor", "void_before": void_before}]}
            async with poller.running(every_s=0.01):
                await asyncio.sleep(0.1)
            with pytest.raises(Unauthenticated):
                await verifier.verify(token)
            other = [tokens.headers(client_id="other")["Authorization"]]
            assert (await verifier.verify(other)).client_id == "other"
            for wrong in ({}, {"items": [{}]}, {"items": 7}, []):
                feed.content = wrong
                assert not await poller.read()
            feed.status = 503
            assert not await poller.read()
            with pytest.raises(Unauthenticated):
                await verifier.verify(token)

    asyncio.run(run())


def test_the_migrations_equal_the_tables_and_lead_back_to_nothing(
    databases: TestDatabases,
) -> None:
    with databases.empty() as url:
        migrations.upgrade(PACKAGE_DIR, url)

        def differences(connection: Connection) -> list[object]:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            return list(compare_metadata(context, METADATA))

        async def compare() -> list[object]:
            database = Database(url, application="test", pool_size=1)
            async with database.engine.connect() as connection:
                found = await connection.run_sync(differences)
            await database.close()
            return found

        assert asyncio.run(compare()) == []
        migrations.downgrade(PACKAGE_DIR, url, "base")
        left = {str(entry[0]) for entry in asyncio.run(compare()) if isinstance(entry, tuple)}
        assert left <= {"add_table", "add_index", "remove_table"}


def test_rotation_leaves_time_for_services_to_learn_the_new_key() -> None:
    assert timedelta(minutes=5) * 2 <= ROTATION_LEAD


def test_ensuring_a_client_mends_what_differs_and_replaces_the_oldest_secret(
    url: str, clock: FrozenClock
) -> None:
    async def run() -> None:
        database = Database(url, application="test", pool_size=1)
        hasher = SecretHasher(workers=1, waiting_max=1)
        secrets = [clients.fresh_secret() for _ in range(3)]
        wide = Client("partition", "Partition", ("registry:read",), ("*",))
        narrow = Client("partition", "Partition", ("registry:read",), ("630102",), "org-1")
        made = []
        for client, secret in ((wide, secrets[0]), (wide, secrets[0]), (narrow, secrets[1])):
            async with database.unit_of_work() as tx:
                clock.move(seconds=1)
                made.append(
                    await clients.ensure(tx, client, secret, hasher=hasher, now=clock.now())
                )
        assert made == [True, False, False]
        async with database.unit_of_work() as tx:
            row = await clients.show(tx, "partition", by_areas=("*",))
            assert (row["areas"], row["organization_id"], row["version"]) == (
                ["630102"],
                "org-1",
                2,
            )
            await clients.ensure(tx, narrow, secrets[2], hasher=hasher, now=clock.now())
            kept = {entry["fingerprint"] for entry in await storage.secrets_of(tx, "partition")}
            assert kept == {fingerprint(secret) for secret in secrets[1:]}
            await clients.revoke(tx, "partition", by_areas=("*",), now=clock.now())
            with pytest.raises(ClientRevoked):
                await clients.ensure(tx, narrow, secrets[2], hasher=hasher, now=clock.now())
            with pytest.raises(ClientRevoked):
                await clients.add_secret(
                    tx, "partition", by_areas=("*",), hasher=hasher, now=clock.now()
                )
        hasher.close()
        await database.close()

    asyncio.run(run())


def test_hashing_refuses_more_than_may_wait() -> None:
    async def run() -> None:
        hasher = SecretHasher(workers=1, waiting_max=1)
        encoded = await hasher.hash("jw_x")
        tries = [hasher.verify(encoded, "jw_x") for _ in range(4)]
        results = await asyncio.gather(*tries, return_exceptions=True)
        assert [result for result in results if result is True] == [True, True]
        assert sum(isinstance(result, HashingBusy) for result in results) == 2
        assert not await hasher.verify(None, "jw_x")
        assert not await hasher.verify("no hash", "jw_x")
        hasher.close()

    asyncio.run(run())
