"""What people would pick instead, doing the same work in the same run."""
