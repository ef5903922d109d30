"""Measurements that docs quote, each one command."""
