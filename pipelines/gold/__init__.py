"""What marketing works from: people, interests, habits, offers, figures."""
