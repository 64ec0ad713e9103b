"""tillpost: from the till to the mailbox."""
