"""Fast paths of dropout layers, each with a short plain twin that tests compare it with."""
