"""How fast Gallery is, each figure beside a limit measured in the same run."""
