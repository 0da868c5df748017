# For `make lint-go`: the checks of pint that need no Prometheus.

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
    value    = "[A-Z][^{}.]{1,59}"
    required = true
  }

  annotation "description" {
    severity = "bug"
    required = true
  }
}

rule {
  match {
    kind = "alerting"
  }

  # An upgrade of one server after the other may take a day.
  ignore {
    name = "KeaHaVersionsDiffer"
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

  name "(subnet|shared_network|daemon|server|member|scope|pair|store|fleet):kea_.+:.+" {
    severity = "bug"
  }
}
