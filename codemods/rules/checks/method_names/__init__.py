"""What stands against calling a method of a tracker by another of its names."""
