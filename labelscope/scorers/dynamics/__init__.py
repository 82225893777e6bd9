"""What a model said of each row while it learned: margins, cartography and forgetting."""
