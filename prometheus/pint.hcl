# For `make lint-go`: what pint can tell of the rules without a Prometheus.

rule {
  match {
    kind = "alerting"
  }

  name "Kea.+" {
    severity = "bug"
  }

  label "severity" {
    severity = "bug"
    value    = "critical|warning|info"
    required = true
  }

  annotation "summary" {
    severity = "bug"
    value    = "[A-Z][^{}]+\\."
    required = true
  }

  annotation "description" {
    severity = "bug"
    required = true
  }

  for {
    severity = "bug"
    min      = "2m"
    max      = "1h"
  }
}

rule {
  match {
    kind = "recording"
  }

  name "(subnet|shared_network|daemon|server|member|scope|fleet):kea_.+:.+" {
    severity = "bug"
  }
}
