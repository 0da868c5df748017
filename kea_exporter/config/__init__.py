"""The configuration file: YAML in, frozen settings out, every error at once with its place in the file."""

from kea_exporter.config.errors import ConfigError, FieldError
from kea_exporter.config.load import load, load_stdin, settings_from_tree
from kea_exporter.config.profiles import BUILT_IN, IPAM, Profile, hook_requirement
from kea_exporter.config.schema import ConfigFile
from kea_exporter.config.settings import AuditSettings, Collectors, Credentials, DaemonSettings, Settings, TlsSettings
from kea_exporter.config.values import duration_text

__all__ = [
    "BUILT_IN",
    "IPAM",
    "AuditSettings",
    "Collectors",
    "ConfigError",
    "ConfigFile",
    "Credentials",
    "DaemonSettings",
    "FieldError",
    "Profile",
    "Settings",
    "TlsSettings",
    "duration_text",
    "hook_requirement",
    "load",
    "load_stdin",
    "settings_from_tree",
]
