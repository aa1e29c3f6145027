"""The subcommands of ``ai-usage``, one module each, loaded when they are called."""
