"""Messages as people see them: mails in HTML and as text, SMS and push, from templates that a shop may replace."""
