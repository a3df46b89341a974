"""`easel init`: from answers to a settings file that works, each answer tested as it is given."""
