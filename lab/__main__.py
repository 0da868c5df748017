"""Real servers for people: build them, run the exporter on a fleet of them, or record what they answer."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from lab.demo.menu import DemoError, ask
from lab.demo.run import CONTROL_SOCKET, run_demo
from lab.record import record_kea
from lab.servers.chroot import CURRENT, OLD, Chroot, LabBuildError, LabUnavailableError, ensure
from lab.servers.kea import Lab
from lab.servers.processes import StartError

USAGE = "usage: python -m lab build | demo | fault NAME | repair NAME | record [--kea ROOT] FOLDER"


def main(arguments: list[str]) -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):  # an orderly end, as on Ctrl-C
        signal.signal(number, lambda *_: sys.exit(1))
    try:
        match arguments:
            case ["build"]:
                print(f"the lab is ready in {ensure().root} and {ensure(OLD).root}")
            case ["demo"]:
                with Lab(ensure()) as lab:
                    return run_demo(lab)
            case [("fault" | "repair") as wish, name]:
                return _ask(wish, name)
            case ["record", folder]:
                for recipe in (CURRENT, OLD):
                    print(f"recorded {record_kea(ensure(recipe), Path(folder))}")
            case ["record", "--kea", root, folder]:
                print(f"recorded {record_kea(Chroot(Path(root)), Path(folder))}")
            case _:
                print(USAGE, file=sys.stderr)
                return 2
    except (LabUnavailableError, LabBuildError, StartError, DemoError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


def _ask(wish: str, name: str) -> int:
    outcome = ask(CONTROL_SOCKET, wish, name)
    print(outcome.text, file=sys.stdout if outcome.is_done else sys.stderr)
    return 0 if outcome.is_done else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
