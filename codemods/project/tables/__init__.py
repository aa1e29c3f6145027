"""The tables inside of ``[tool.ai-usage]``, each read by a module of its own."""
