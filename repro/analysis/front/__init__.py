"""What a clip costs: along the fronts where there are scores, by model and steps without."""
