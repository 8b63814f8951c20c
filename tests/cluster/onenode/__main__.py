"""The command line: `python -m onenode VERB`."""

import argparse
import os
import shutil
import sys
from pathlib import Path

from . import cluster, images, network, packages, programs
from .errors import OneNodeError
from .folders import State, cache


def main(words: list[str] | None = None) -> int:
    """Carry out a command; what goes wrong is one sentence on standard error."""
    # Debian's programs for root are not on everybody's PATH.
    os.environ["PATH"] = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
    given = _parser().parse_args(words)
    try:
        given.carry_out(given)
    except OneNodeError as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m onenode", description="A Kubernetes of one node for the tests."
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def verb(name, carry_out, about, state=True):
        added = verbs.add_parser(name, help=about, description=about)
        added.set_defaults(carry_out=carry_out)
        if state:
            default = cache() / "onenode"
            added.add_argument(
                "--state", type=Path, default=default, help=f"the cluster's folder ({default})"
            )
        return added

    verb(
        "tools",
        lambda given: packages.install(_say),
        "Install the Debian packages that it needs.",
        state=False,
    )
    about = "Install and build all that the tests need, or with KUBECONFIG only what speaks to a cluster."
    verb("prepare", _prepare, about, state=False)
    built = verb("programs", _programs, "Build what is not built yet, and print the paths.", state=False)
    built.add_argument("names", nargs="*", metavar="NAME", help=", ".join(programs.PROGRAMS))
    image = verb("image", _image, "Make the image of a program, and print its archive's path.", state=False)
    image.add_argument("name", metavar="NAME", help="traefik, coredns, ...")
    up = verb("up", _up, "Bring the cluster up, and print its kubeconfig's path.")
    up.add_argument(
        "--while", dest="keeper", type=int, metavar="PID", help="take it down when this process ends"
    )
    loaded = verb("load", _load, "Put docker archives into the cluster, and print their images' names.")
    loaded.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE")
    verb("report", _report, "Count the packets of pods that were kept from leaving the machine.")
    verb(
        "down",
        lambda given: cluster.down(given.state, _say),
        "Take the cluster down, whatever is left of it.",
    )
    return parser


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def _print(*lines: object) -> None:
    for line in lines:
        print(line, flush=True)  # noqa: T201


def _prepare(given: argparse.Namespace) -> None:
    if os.environ.get("KUBECONFIG"):
        clients = {"helm": "helm", "kubectl": "kubernetes"}
        wanted = [program for client, program in clients.items() if not shutil.which(client)]
    else:
        packages.require_root()
        packages.install(_say)
        wanted = programs.PROGRAMS
    for name in wanted:
        programs.build(name, _say)


def _programs(given: argparse.Namespace) -> None:
    for name in given.names or programs.PROGRAMS:
        _print(*programs.paths(name, _say))


def _image(given: argparse.Namespace) -> None:
    _print(images.of_program(given.name, _say))


def _up(given: argparse.Namespace) -> None:
    _print(cluster.up(given.state, given.keeper, _say).kubeconfig)


def _load(given: argparse.Namespace) -> None:
    _print(*images.load(_running(given), given.archives, _say))


def _report(given: argparse.Namespace) -> None:
    _running(given)
    count = network.dropped()
    _print(
        f"{count} packets of pods were kept from leaving the machine"
        f" / {count} paquets de pods ont été retenus sur la machine"
    )


def _running(given: argparse.Namespace) -> State:
    state = State(given.state.resolve())
    if not state.ready.exists():
        start = f"`python -m onenode up --state {state.root}`"
        raise OneNodeError(
            f"No cluster is up in {state.root}: {start} starts it.",
            f"Aucun cluster ne tourne dans {state.root} : {start} le démarre.",
        )
    return state


if __name__ == "__main__":
    sys.exit(main())
