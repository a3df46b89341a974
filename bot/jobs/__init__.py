"""Jobs from acceptance to delivery: scheduling fair over users, execution in checkpoints, results, retention."""
