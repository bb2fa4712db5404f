"""Whether more steps are worth their energy."""
