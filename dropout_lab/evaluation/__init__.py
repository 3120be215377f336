"""What is done with trained networks: prediction, Monte Carlo dropout, ensembles, measures."""
