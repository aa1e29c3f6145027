"""Observing calls of the providers' clients.  It only hands what it saw to a tracker."""
