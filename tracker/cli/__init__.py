"""The command ``ai-usage``: its subcommands, and the reports that they print."""
