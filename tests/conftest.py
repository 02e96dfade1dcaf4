"""Shared by all tests: 64-bit JAX, which serves as an oracle only, and a command typed in this process."""

import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import NamedTuple

import pytest
from hypothesis import settings

os.environ.setdefault("JAX_PLATFORMS", "cpu")  # read when a test first imports JAX
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("KERAS_BACKEND", "jax")  # read when a test first imports Keras
settings.register_profile("chainrule", deadline=None)  # no test may fail for a busy machine
settings.load_profile("chainrule")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a shell; tests send Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Typed(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str


@pytest.fixture
def typed(capsys):
    """Type a command; argparse leaves by SystemExit, which a shell sees as a status all the same."""
    from chainrule.cli import main

    def run(*argv):
        try:
            status = main(list(argv))
        except SystemExit as leaving:
            status = leaving.code
        return Typed(status, *capsys.readouterr())

    return run


@pytest.fixture
def served():
    """A server here: ``served(b"...")`` is the address of those bytes; `declare` lies about their number."""
    pages = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, body, length = pages.get(self.path, (404, b"", 0))
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()

    def serve(body, name="file.bin", declare=None, status=200):
        pages[f"/{name}"] = (status, body, len(body) if declare is None else declare)
        return f"http://127.0.0.1:{server.server_port}/{name}"

    yield serve
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def double():
    """Python's floats are float64 for a test."""
    from chainrule.graph import floatx, set_floatx

    before = floatx()
    set_floatx("float64")
    yield
    set_floatx(before)


@pytest.fixture
def keras64(monkeypatch):
    """Keras on 64-bit JAX, kept from computing means and quotients of float64 in float32, as it does of itself."""
    os.environ["KERAS_BACKEND"] = "jax"
    keras = pytest.importorskip("keras", reason="install tests/peers.txt to compare with Keras")
    dtypes = sys.modules["keras.src.backend.common.dtypes"]
    monkeypatch.setitem(dtypes.BIT64_TO_BIT32_DTYPE, "float64", "float64")
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield keras
    keras.config.set_floatx(before)
