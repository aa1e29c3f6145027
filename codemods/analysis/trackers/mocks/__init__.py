"""What a project puts in the place of the tracker, or of its methods: mostly for its tests."""
