{{- define "kea-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "kea-exporter.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "kea-exporter.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "kea-exporter.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "kea-exporter.selector" -}}
app.kubernetes.io/name: {{ include "kea-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "kea-exporter.labels" -}}
{{ include "kea-exporter.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "kea-exporter.metadata" -}}
name: {{ include "kea-exporter.fullname" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "kea-exporter.labels" . | nindent 2 }}
{{- end }}

{{- define "kea-exporter.image" -}}
{{- $registry := .Values.global.imageRegistry | default .Values.image.registry }}
{{- $tag := printf ":%s" (.Values.image.tag | default .Chart.AppVersion) }}
{{- with $registry }}{{ . }}/{{ end }}{{ .Values.image.repository }}
{{- with .Values.image.digest }}@{{ . }}{{ else }}{{ $tag }}{{ end }}
{{- end }}

{{- define "kea-exporter.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "kea-exporter.fullname" .) "default") }}
{{- end }}

{{- define "kea-exporter.clientSecretName" -}}
{{ include "kea-exporter.fullname" . }}-client
{{- end }}

{{- /* The host name that Prometheus connects to and verifies in the exporter's certificate. */}}
{{- define "kea-exporter.host" -}}
{{ include "kea-exporter.fullname" . }}.{{ .Release.Namespace }}.svc
{{- end }}

{{- define "kea-exporter.scheme" -}}
{{ .Values.web.tls | ternary "https" "http" }}
{{- end }}

{{- /* TLS and credentials of Prometheus: the same for monitors, probes and discovery. */}}
{{- define "kea-exporter.access" -}}
{{- if .Values.web.tls }}
tlsConfig:
  {{- toYaml (merge (deepCopy .Values.web.tlsConfig) (dict "serverName" (include "kea-exporter.host" .))) | nindent 2 }}
{{- end }}
{{- with .Values.web.basicAuth }}
{{- if .secret }}
basicAuth:
  username: {name: {{ .secret }}, key: {{ .usernameKey }}}
  password: {name: {{ .secret }}, key: {{ .passwordKey }}}
{{- end }}
{{- end }}
{{- end }}

{{- /* Arguments of the chart; _validate.tpl rejects them in extraArgs. */}}
{{- define "kea-exporter.args" -}}
- serve
- --config.file=/etc/kea-exporter/config/config.yml
- --config.enable-auto-reload
- --config.auto-reload-interval={{ .Values.reloadInterval }}
- --web.listen-address=:9547
- --web.health-listen-address=:9548
{{- if .Values.web.existingSecret }}
- --web.config.file=/etc/kea-exporter/web/web.yml
{{- end }}
- --log.level={{ .Values.log.level }}
- --log.format={{ .Values.log.format }}
{{- end }}

{{- define "kea-exporter.configVolume" -}}
{{- $own := include "kea-exporter.fullname" . }}
{{- if or .Values.existingConfig.configMap (and .Values.config (eq .Values.configKind "ConfigMap")) }}
configMap:
  name: {{ .Values.existingConfig.configMap | default $own }}
{{- else }}
secret:
  secretName: {{ .Values.existingConfig.secret | default $own }}
{{- end }}
  defaultMode: 0440
  items:
    - {key: {{ .Values.config | empty | ternary .Values.existingConfig.key "config.yml" }}, path: config.yml}
{{- end }}

{{- /* The server names of a Probe, as a JSON list. */}}
{{- define "kea-exporter.targetNames" -}}
{{- $names := .Values.targets.names }}
{{- if not $names }}
{{- range (.Values.config | default dict).servers }}
{{- $names = append $names .name }}
{{- end }}
{{- end }}
{{- toJson $names }}
{{- end }}
