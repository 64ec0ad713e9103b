"""What support is told of a customer: by the command line, or by a chat's webhook."""
