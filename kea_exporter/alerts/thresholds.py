"""Thresholds of alerts, which dashboards and documents share."""

from __future__ import annotations

DAY_SECONDS = 86_400

# Certificates. The warning begins with the renewal window of the profile `ipam`.
CERTIFICATE_WARNING_DAYS = 30
CERTIFICATE_CRITICAL_DAYS = 7

# Share of the addresses or delegated prefixes of a subnet or shared network that is leased.
FULLNESS_WARNING = 0.85
FULLNESS_CRITICAL = 0.95
# Small subnets are often fully leased without a fault. They are judged by utilisation from this size on.
FULLNESS_MIN_SIZE = 8
# With allocation failures within the last hour, this size is enough. A pool of one address is for one client.
REFUSED_MIN_SIZE = 2
# Dashboards show the share that is leased or reserved if it exceeds the leased share by more than this.
FULLNESS_DIFFERENCE = 0.05
# Below this utilisation, a rise is the usual one of a morning, and nothing is predicted.
FULLNESS_WORTH_PREDICTING = 0.6
EXHAUSTION_WITHIN_SECONDS = DAY_SECONDS
# In smaller subnets, or with fewer new leases within six hours, a few clients decide the trend.
EXHAUSTION_MIN_SIZE = 32
EXHAUSTION_MIN_RISE = 5
# Up to this multiple of the utilisation a week before, a rise is usual and not reported.
CUSTOMARY_FULLNESS = 1.1

# Declined addresses of one subnet, more than an hour before.
DECLINED_IN_AN_HOUR = 5
# Requests of one daemon without a lease.
ALLOCATION_FAILURES_IN_15_MINUTES = 10
# Shares of received packets, and of DNS updates.
DROPPED_SHARE = 0.05
DDNS_FAILED_SHARE = 0.1
# Share of the messages of clients without an answer, or of requests without a DNS update. A DHCPDISCOVER may also be
# meant for another server, which has the client's subnet, so nearly all of them have to be without an answer.
UNANSWERED_SHARE = 0.8
# A pair that rejects each other's leases still answers half of the requests: retries are answered from the lease cache.
UNANSWERED_REQUESTS_SHARE = 0.4
# Minimum number of messages. One client alone sends 14: its retry interval grows to 64 s (RFC 2131, section 4.1).
UNANSWERED_IN_15_MINUTES = 15

# Kea warns at 30 s and terminates high availability at 60 s (Kea ARM, "Clock Skew").
CLOCK_SKEW_WARNING_SECONDS = 30
CLOCK_SKEW_CRITICAL_SECONDS = 50

# Leases of partners differ while one is read after the other, and by what expires in one interval of the reclaim timer
# (max-reclaim-leases, 100 by default). More than both the number and the share is a difference.
LEASES_DIFFER, LEASES_DIFFER_SHARE = 100, 0.01
SUBNET_LEASES_DIFFER, SUBNET_LEASES_DIFFER_SHARE = 10, 0.02

# Changes of kea_up within an hour: four outages, each of which may be too short for KeaServerDown.
FLAPS_IN_AN_HOUR = 8
# Share of the timeout that a probe takes.
SLOW_SHARE = 0.8

# How long alerts keep firing after their expression is no longer true (`keep_firing_for`). A restart of Kea or of the
# exporter costs one or two samples. Without `keep_firing_for` they would resolve an alert, which would fire again after
# its `for`. With a scrape every minute, three minutes bridge two missing samples, and the end of an outage is still
# reported soon.
KEEP_OUTAGE = "3m"
# For states that take days to fix. A value that oscillates around its threshold stays one alert.
KEEP_STATE = "10m"
# Expressions over a range of time bridge missing samples without `keep_firing_for`.
