"""What is done with a trained network: so far weight scaling, the deterministic approximation of dropout's average."""
