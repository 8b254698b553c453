"""Reports and forecasts that the shop itself does not make, counted from its orders."""
