"""What is done with a trained network: weight scaling, and Monte Carlo passes with the noise of the training."""
