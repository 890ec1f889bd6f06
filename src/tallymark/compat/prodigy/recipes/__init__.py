"""`prodigy.recipes`: the built-in recipes as functions."""
