"""What stands against blocks of a tracker that several functions share."""
