"""What a run learned of files, kept for the next one: nothing holds that is not looked at again."""
