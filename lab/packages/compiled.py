"""The programs of Kubernetes and of Prometheus Operator, compiled once, and the definitions that belong to them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from lab.packages.helm import BUILD, HelmError

OPERATOR = "github.com/prometheus-operator/prometheus-operator"
MODULES = Path(__file__).parent / "go"
# Programs of modules that replace others, which `go install` refuses: each module here asks for one of them.
PROGRAMS = {
    "etcd": ("kubernetes", "go.etcd.io/etcd/server/v3"),
    "kube-apiserver": ("kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kube-controller-manager": ("kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    "kube-scheduler": ("kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler"),
    "admission-webhook": ("prometheus-operator", f"{OPERATOR}/cmd/admission-webhook"),
    "operator": ("prometheus-operator", f"{OPERATOR}/cmd/operator"),
    "config-reloader": ("prometheus-operator", f"{OPERATOR}/cmd/prometheus-config-reloader"),
}


def _pinned(module: str, package: str) -> str:
    """Return the version of a package that one of the modules asks for."""
    asked = (MODULES / module / "go.mod").read_text()
    found = re.search(rf"^\s*{re.escape(package)} (v\S+)", asked, re.MULTILINE)
    if found is None:
        raise LookupError(f"{module} does not ask for {package}")
    return found[1]


KUBERNETES = _pinned("kubernetes", "k8s.io/kubernetes")
# Whoever builds Kubernetes says at the end which one it is; Helm compares it with what the chart demands.
VERSION = "k8s.io/component-base/version.git"
LINKED = f"-s -w -X {VERSION}Version={KUBERNETES} -X {VERSION}Major=1 -X {VERSION}Minor={KUBERNETES.split('.')[1]}"
# Where definitions of custom resources stand in the source of what defines them.
DEFINITIONS = {
    "github.com/cert-manager/cert-manager@v1.21.2": "deploy/crds",
    f"{OPERATOR}@{_pinned('prometheus-operator', OPERATOR)}": "example/prometheus-operator-crd",
}


def program(name: str) -> Path:
    """Return a program, compiled where it is not there yet.

    Raises:
        HelmError: it cannot be compiled.
    """
    module, package = PROGRAMS[name]
    folder = MODULES / module
    pinned = hashlib.sha256((folder / "go.mod").read_bytes() + (folder / "go.sum").read_bytes()).hexdigest()[:12]
    target = BUILD / "bin" / f"{name}-{pinned}"
    if not target.exists():
        print(f"compiling {name} (once, minutes) ...", file=sys.stderr, flush=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as unfinished:
            built = Path(unfinished, name)
            _go("build", "-p=2", "-trimpath", f"-ldflags={LINKED}", f"-o={built}", package, folder=folder)
            built.rename(target)
    return target


@cache
def definitions() -> tuple[str, ...]:
    """Return the definitions of custom resources, as their projects publish them: a text of YAML each.

    Raises:
        HelmError: they cannot be fetched.
    """
    folders = []
    for module, inside in DEFINITIONS.items():
        folders.append(Path(json.loads(_go("mod", "download", "-json", module))["Dir"]) / inside)
    return tuple(path.read_text() for folder in folders for path in sorted(folder.glob("*.yaml")))


def _go(*arguments: str, folder: Path = MODULES) -> str:
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false", "CGO_ENABLED": "0"}
    command = [shutil.which("go") or "go", *arguments]
    done = subprocess.run(  # noqa: S603 - our own argument vector
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise HelmError(f"'go {arguments[0]} ...' ended with status {done.returncode}:\n{done.stderr[-4000:]}")
    return done.stdout


if __name__ == "__main__":
    try:
        for name in PROGRAMS:
            program(name)
        definitions()
    except (HelmError, OSError) as error:
        sys.exit(str(error))
