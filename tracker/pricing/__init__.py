"""What calls cost: pure functions from usage to money."""
