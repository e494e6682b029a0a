"""Doors and windows: pages, JSON API, command line, background workers. The only room that knows Flask."""
