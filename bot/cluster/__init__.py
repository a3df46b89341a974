"""What the processes of one Easel know of each other: who there is, who does what only one may do, what is new."""
