"""Fast kernels of dropout layers, each with a short reference implementation that the tests compare it with."""
