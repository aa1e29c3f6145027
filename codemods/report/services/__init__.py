"""Formats that services read: builds, code hosts, and what shows their results."""
