"""As received, never changed."""
