"""Configurations to be changed at random."""

from __future__ import annotations

from pathlib import Path

CANARY = "canary-Tr0ub4dor"
PASSWORD_FILE = "password_file: /etc/kea-exporter/password}"
YAML = Path("config.example.yml").read_text().replace(PASSWORD_FILE, f"password: {CANARY}}}").encode()
WEB_YAML = f"""\
tls_server_config:
  cert_file: server.pem
  key_file: server-key.pem
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  client_allowed_sans: [127.0.0.1, a.example.com]
  min_version: TLS13
http_server_config:
  headers: {{X-Frame-Options: deny, Strict-Transport-Security: max-age=1}}
basic_auth_users:
  monitor: $2b$04${"abcdefghij" * 5}xyz
""".encode()
