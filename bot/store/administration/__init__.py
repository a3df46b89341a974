"""What administrators read and change in the database: lists, figures, one job, one member, pauses, the audit log.

Reads go over a connection of their own and are bounded in time; a change and its entry in the log are one transaction.
"""
