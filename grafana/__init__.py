"""Grafana's dashboards as code: ``python -m grafana`` writes them, `docker-compose.yml` mounts them."""
