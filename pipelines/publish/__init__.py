"""What leaves the house: send lists, reports, releases."""
