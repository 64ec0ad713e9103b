"""How the lake is, for whoever is on duty: what ran, how long, what it refused, how fresh it is, what to do next."""
