"""What tells administrators of things that need a person: errors nobody expected, notices, where they are sent."""
