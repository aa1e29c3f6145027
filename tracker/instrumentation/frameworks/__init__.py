"""Frameworks that call models past the providers' clients, or in pools of their own."""
