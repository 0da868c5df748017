"""From when on something is worth a message: one number each, for alerts, dashboards and documents alike."""

from __future__ import annotations

DAY_SECONDS = 86_400

# Certificates. The warning begins with the renewal window of the profile `ipam`.
CERTIFICATE_WARNING_DAYS = 30
CERTIFICATE_CRITICAL_DAYS = 7

# Share of the addresses or delegated prefixes of a subnet or shared network that is leased.
FULLNESS_WARNING = 0.85
FULLNESS_CRITICAL = 0.95
# Where there are fewer addresses than these, all of them are often leased: that alone is no fault.
FULLNESS_MIN_SIZE = 8
# Where clients were refused within the last hour, so few are enough; a pool of a single address is for one client.
REFUSED_MIN_SIZE = 2
# What is leased, and what is leased or reserved, are shown beside each other where they differ by more than this.
FULLNESS_DIFFERENCE = 0.05
# A prediction from less than this is no more than the morning of a working day.
FULLNESS_WORTH_PREDICTING = 0.6
EXHAUSTION_WITHIN_SECONDS = DAY_SECONDS
# Of a straight line through fewer addresses, or through fewer new leases within six hours, a single client is a rush.
EXHAUSTION_MIN_SIZE = 32
EXHAUSTION_MIN_RISE = 5
# What a subnet had at this time of the week before, and a little more, is its custom.
CUSTOMARY_FULLNESS = 1.1

# Addresses of one subnet that clients declined within an hour.
DECLINED_IN_AN_HOUR = 5
# Clients of one daemon that got no lease within a quarter of an hour.
ALLOCATION_FAILURES_IN_15_MINUTES = 10
# Shares of all that came in.
DROPPED_SHARE = 0.05
DDNS_FAILED_SHARE = 0.1
# Share of the messages of clients, or of the requests for DNS updates, that nothing follows. A DHCPDISCOVER may also be
# meant for another server, which has the client's subnet, so nearly all of them have to be without an answer.
UNANSWERED_SHARE = 0.8
# Of a pair that refuses leases, half of the requests: Kea answers a client that asks again from the lease cache.
UNANSWERED_REQUESTS_SHARE = 0.4
# At least so many. One client on its own asks 14 times: its pauses grow to 64 s (RFC 2131, section 4.1).
UNANSWERED_IN_15_MINUTES = 15

# Kea warns at 30 s and ends high availability at 60 s (Kea ARM, "Clock Skew").
CLOCK_SKEW_WARNING_SECONDS = 30
CLOCK_SKEW_CRITICAL_SECONDS = 50

# How often a daemon comes or goes within an hour: four outages, none of which need be long enough for an alert.
COMINGS_AND_GOINGS_IN_AN_HOUR = 8
# Share of the time that a probe may take.
SLOW_SHARE = 0.8

# How long alerts keep firing once their expression no longer holds (`keep_firing_for`). A restart of Kea or of the
# exporter costs one or two samples; without this, they would end a standing alert, which would fire anew after its
# `for`. With a scrape every minute, two missing samples are bridged by three minutes: an outage that is over is
# reported as over soon.
KEEP_OUTAGE = "3m"
# Nobody waits for the end of what is fixed within days; and a value that crosses its threshold to and fro is one alert.
KEEP_STATE = "10m"
# Expressions over a range of time bridge missing samples by themselves, and need none of these.
