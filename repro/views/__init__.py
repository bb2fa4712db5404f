"""What the commands that measure nothing show: a plan, the models, what the doctor found."""
