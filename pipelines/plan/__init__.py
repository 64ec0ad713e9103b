"""What a retailer's days would cost: a model of measured runs, and the machines that it asks for."""
