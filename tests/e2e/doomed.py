"""A bastion with its device in a process of its own, to be killed with -9. Usage: doomed.py HOME DATABASE_URL."""

import asyncio
import json
import os
import sys
from pathlib import Path

from bastion.store.database import Database
from tests.e2e.world import World


async def main(home: Path, url: str) -> None:
    database = await Database.open(url)
    world = World(home, database)
    await world.open()
    received = os.open(home / "received", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    async def echo(process):
        """Write down what comes before anything else, and say it back in capitals."""
        while data := await process.stdin.read(65536):
            os.write(received, data)
            process.stdout.write(data.upper())
        process.exit(0)

    await world.simulated_device(echo)
    await world.grant()
    facts = {"port": world.listener.port, "totp": world.alice.totp, "key": str(world.alice.key)}
    print(json.dumps(facts), flush=True)
    await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
