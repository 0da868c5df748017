{{- /* Invalid combinations of values fail, with the correction in the message. */}}
{{- define "kea-exporter.validate" -}}
{{- $v := .Values }}
{{- $sources := list }}
{{- range $name, $value := dict "config" $v.config "existingConfig.secret" $v.existingConfig.secret "existingConfig.configMap" $v.existingConfig.configMap }}
{{- if $value }}
{{- $sources = append $sources $name }}
{{- end }}
{{- end }}
{{- if not $sources }}
{{- fail "the exporter has no configuration: set config, existingConfig.secret or existingConfig.configMap" }}
{{- else if gt (len $sources) 1 }}
{{- fail (printf "%s are set: set only one of them" (join " and " $sources)) }}
{{- end }}
{{- if and (eq $v.configKind "ConfigMap") (regexMatch `"password":"` (toJson $v.config)) }}
{{- fail "config contains a password, and configKind is ConfigMap, which more users can read: use password_file with secrets, or configKind Secret" }}
{{- end }}
{{- include "kea-exporter.validate.web" . }}
{{- include "kea-exporter.validate.client" . }}
{{- include "kea-exporter.validate.files" . }}
{{- include "kea-exporter.validate.targets" . }}
{{- include "kea-exporter.validate.times" . }}
{{- include "kea-exporter.validate.network" . }}
{{- include "kea-exporter.validate.disruption" . }}
{{- range $v.extraArgs }}
{{- $option := splitList "=" . | first }}
{{- if has $option (list "serve" "--config.file" "--config.enable-auto-reload" "--config.auto-reload-interval" "--web.listen-address" "--web.health-listen-address" "--web.config.file" "--web.telemetry-path" "--web.systemd-socket" "--log.level" "--log.format") }}
{{- fail (printf "extraArgs: the chart sets %s; use config, web, log or reloadInterval" $option) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "kea-exporter.validate.web" -}}
{{- with .Values.web }}
{{- if and .basicAuth.secret (not .tls) }}
{{- fail "web.basicAuth.secret without web.tls: Prometheus would send its password in clear text; set web.tls, and tls_server_config in the web configuration" }}
{{- end }}
{{- if and .tls (not .existingSecret) }}
{{- fail "web.tls without web.existingSecret: set it to the Secret with the web configuration file" }}
{{- end }}
{{- if and .tlsConfig (not .tls) }}
{{- fail "web.tlsConfig without web.tls: set both or none of them" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "kea-exporter.validate.client" -}}
{{- with .Values.clientCertificate }}
{{- if .enabled }}
{{- if not .issuerRef.name }}
{{- fail "clientCertificate.issuerRef.name is empty: set it to the Issuer or ClusterIssuer of the CA in Kea's trust-anchor" }}
{{- end }}
{{- if and $.Values.config (not (contains "/etc/kea-exporter/client/" (toJson $.Values.config))) }}
{{- fail "clientCertificate is enabled, but config does not use it: set cert_file: /etc/kea-exporter/client/tls.crt and key_file: /etc/kea-exporter/client/tls.key in a tls_config" }}
{{- end }}
{{- else if contains "/etc/kea-exporter/client/" (toJson $.Values.config) }}
{{- fail "config uses /etc/kea-exporter/client/, which needs clientCertificate.enabled" }}
{{- end }}
{{- end }}
{{- end }}

{{- /* If a Secret is not mounted, the exporter does not start. */}}
{{- define "kea-exporter.validate.files" -}}
{{- range regexFindAll `/etc/kea-exporter/secrets/[^/"]+` (toJson .Values.config) -1 | uniq }}
{{- if not (has (base .) $.Values.secrets) }}
{{- fail (printf "config uses files of the Secret %s, which is not in secrets: add it there" (base .)) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "kea-exporter.validate.targets" -}}
{{- with .Values.targets }}
{{- if and (eq .kind "Probe") (eq (include "kea-exporter.targetNames" $) "[]") }}
{{- fail "targets.kind Probe needs the names of the servers: set targets.names, because the chart cannot read existingConfig" }}
{{- end }}
{{- if and .names (ne .kind "Probe") }}
{{- fail "targets.names needs targets.kind Probe; a ScrapeConfig reads the names from the exporter" }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Defaults: the interval is 30s in Prometheus Operator; Prometheus limits its default timeout to the interval. */}}
{{- define "kea-exporter.validate.times" -}}
{{- range $name := list "targets" "serviceMonitor" }}
{{- with index $.Values $name }}
{{- $interval := .interval | default "30s" }}
{{- if gt (include "kea-exporter.milliseconds" .scrapeTimeout | int64) (include "kea-exporter.milliseconds" $interval | int64) }}
{{- fail (printf "%s.scrapeTimeout %s is above the interval %s, and Prometheus Operator would ignore the monitor: lower it, or raise %s.interval (default 30s)" $name .scrapeTimeout $interval $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Milliseconds of a Prometheus duration such as 1m30s. */}}
{{- define "kea-exporter.milliseconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 "w" 604800000 "y" 31536000000 }}
{{- $sum := 0 | int64 }}
{{- range regexFindAll `[0-9]+[a-z]+` . -1 }}
{{- $sum = add $sum (mul (regexFind `[0-9]+` . | int64) (get $units (regexFind `[a-z]+` .) | int64)) }}
{{- end }}
{{- $sum }}
{{- end }}

{{- define "kea-exporter.validate.network" -}}
{{- with .Values.networkPolicy }}
{{- if .enabled }}
{{- if not (or .egress.kea .egress.extra) }}
{{- fail "networkPolicy.egress.kea is empty, and the exporter could not reach Kea: set the networks and ports of the control sockets" }}
{{- end }}
{{- $ports := list }}
{{- range .egress.kea }}
{{- range .ports }}
{{- $ports = append $ports (int .) }}
{{- end }}
{{- end }}
{{- range $server := ternary list (($.Values.config | default dict).servers) (gt (len .egress.extra) 0) }}
{{- range $daemon := list "dhcp4" "dhcp6" "d2" }}
{{- with (get $server $daemon) }}
{{- $url := urlParse .url }}
{{- $port := regexFind `:[0-9]+$` $url.host | trimPrefix ":" | int }}
{{- if not (or (has $port $ports) (eq $url.scheme "unix")) }}
{{- fail (printf "%s %s listens on port %d, which networkPolicy.egress.kea does not allow: add it there" $server.name $daemon $port) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "kea-exporter.validate.disruption" -}}
{{- with .Values.podDisruptionBudget }}
{{- if .enabled }}
{{- if and (ne (toString .minAvailable) "") (ne (toString .maxUnavailable) "") }}
{{- fail "podDisruptionBudget has minAvailable and maxUnavailable: set only one of them" }}
{{- end }}
{{- if and (not (kindIs "string" .minAvailable)) (ge (int .minAvailable) (int $.Values.replicas)) }}
{{- fail (printf "podDisruptionBudget.minAvailable %d with %d replicas prevents draining of nodes: raise replicas, or use maxUnavailable" (int .minAvailable) (int $.Values.replicas)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
