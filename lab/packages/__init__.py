"""Packages built and tried: Debian package, image, Helm chart, and a Kubernetes whose nodes are made up."""
