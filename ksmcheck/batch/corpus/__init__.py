"""Many litmus tests beside recorded answers: what is expected, what came out, what differs."""
