"""The subcommands of ``ai-usage``, one module each; imported when they are called."""
