"""What a deployment chooses, what this process runs on, and what is told of wrong or old use."""
