"""The reference pages under `docs/`, written from the contracts and the settings."""
