"""Context managers that are there already: doubled, nested, or left without a tracker."""
