"""What stands directly on sockets is tested on asyncio's own loop and on uvloop, which the product runs on."""

import asyncio

import uvloop

_ON_BOTH = {"test_tcp", "test_tcp_stream", "test_telnet", "test_login_script", "test_serial_line"}


def pytest_asyncio_loop_factories(config, item):
    loops = {"asyncio": asyncio.new_event_loop}
    return loops | {"uvloop": uvloop.new_event_loop} if item.path.stem in _ON_BOTH else loops
