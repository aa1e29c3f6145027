"""Answers whose end is still to come: streams, bodies, connections that are kept open."""
