"""A client of a Kubernetes API server."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Tree = dict[str, Any]

TOKEN = "lab"  # noqa: S105 - of a server that nobody else can reach


class ApiError(Exception):
    """The API server refused something; the message is its own."""


class Api:
    """A client of the API server, which takes objects only as they are meant.

    Attributes:
        warnings: what the server said beside its answers.
    """

    def __init__(self, url: str, authority: Path) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False  # the authorities of this machine would win over that of the cluster
        # The server asks for patience while it gets to know custom resources.
        patience = Retry(20, connect=0, read=0, status_forcelist=[requests.codes.too_many], allowed_methods=None)
        self._session.mount("https://", HTTPAdapter(max_retries=patience))
        self._session.verify = str(authority)
        self._session.headers["Authorization"] = f"Bearer {TOKEN}"
        self._kinds: dict[tuple[str, str], Tree] = {}
        self.warnings: list[str] = []

    def is_ready(self) -> bool:
        """Return whether the server has started."""
        try:
            return self._session.get(f"{self._url}/readyz", timeout=5).ok
        except requests.RequestException:
            return False

    def ask(self, method: str, path: str, body: object = None, kind: str = "application/json", **query: str) -> Tree:
        """Return the server's answer; a body that is a text is sent as it is.

        Raises:
            ApiError: it refused.
        """
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        answer = self._session.request(
            method, f"{self._url}/{path}", data=text, params=query, headers={"Content-Type": kind}, timeout=30
        )
        self.warnings += re.findall(r'299 - "((?:[^"\\]|\\.)*)"', answer.headers.get("Warning", ""))
        found: Tree = answer.json()
        if not answer.ok:
            raise ApiError(found["message"])
        return found

    def create(self, of: Tree, namespace: str = "", **query: str) -> Tree:
        """Create an object; fields that the server does not know are refused.

        Raises:
            ApiError: the server does not take it.
        """
        return self.ask("POST", self._path(of, namespace), of, fieldValidation="Strict", **query)

    def get(self, version: str, kind: str, namespace: str, name: str) -> Tree:
        """Return an object.

        Raises:
            ApiError: there is none.
        """
        return self.ask("GET", f"{self._path({'apiVersion': version, 'kind': kind}, namespace)}/{name}")

    def list(self, version: str, kind: str, namespace: str) -> list[Tree]:
        """Return all objects of a kind in a namespace, each with its kind."""
        found = self.ask("GET", self._path({"apiVersion": version, "kind": kind}, namespace))["items"]
        return [{"apiVersion": version, "kind": kind, **entry} for entry in found]

    def delete(self, of: Tree, namespace: str = "", **query: str) -> None:
        """Delete an object, and let the controllers delete what was made of it."""
        path = f"{self._path(of, namespace)}/{of['metadata']['name']}"
        self.ask("DELETE", path, propagationPolicy="Background", **query)

    def change(self, of: Tree, change: Tree, part: str = "") -> None:
        """Change an object, or such a part of it as its status."""
        path = f"{self._path(of, '')}/{of['metadata']['name']}/{part}".rstrip("/")
        self.ask("PATCH", path, change, kind="application/merge-patch+json")

    def everything(self) -> set[str]:
        """Return what there is in all namespaces, as kind and name; but for what happened."""
        return set(self._everything())

    def _everything(self) -> Iterator[str]:
        groups = self.ask("GET", "apis")["groups"]
        for version in ("v1", *(group["preferredVersion"]["groupVersion"] for group in groups)):
            for entry in self.ask("GET", _root(version))["resources"]:
                if "list" in entry["verbs"] and entry["kind"] not in {"Event", "ComponentStatus"}:
                    for found in self.ask("GET", f"{_root(version)}/{entry['name']}")["items"]:
                        yield f"{entry['kind']} {found['metadata'].get('namespace', '')}/{found['metadata']['name']}"

    def _path(self, of: Tree, namespace: str) -> str:
        version, kind = of["apiVersion"], of["kind"]
        if (version, kind) not in self._kinds:
            resources = self.ask("GET", _root(version))["resources"]
            self._kinds |= {
                (version, resource["kind"]): resource for resource in resources if "/" not in resource["name"]
            }
        resource = self._kinds[version, kind]
        place = of.get("metadata", {}).get("namespace", namespace)
        inside = f"namespaces/{place}/" if resource["namespaced"] and place else ""
        return f"{_root(version)}/{inside}{resource['name']}"


def _root(version: str) -> str:
    return f"apis/{version}" if "/" in version else f"api/{version}"
