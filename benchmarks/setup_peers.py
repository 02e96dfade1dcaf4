"""Create the peers' environment: python benchmarks/setup_peers.py DIR

Installs `peers.txt` into a new virtual environment, with the `clang` of the package ziglang for tinygrad. Then pass
DIR/bin/python to `run.py` by --peers, or by the variable CHAINRULE_PEERS.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Create the environment and print how to use it."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    folder = Path(sys.argv[1]).absolute()
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "-r", str(Path(__file__).with_name("peers.txt"))], check=True)
    find_zig = [str(python), "-c", "import ziglang; print(ziglang.__path__[0])"]
    zig = Path(subprocess.run(find_zig, check=True, capture_output=True, text=True).stdout.strip()) / "zig"
    clang = folder / "bin" / "clang"
    clang.write_text(f'#!/bin/sh\nexec "{zig}" clang "$@"\n')
    clang.chmod(0o755)
    print(f"python benchmarks/run.py all --peers {python}")


if __name__ == "__main__":
    main()
