"""The libraries we are compared with, one module each; they run in the environment `.venv-bench`.

Each has SETTINGS (name -> what is handed to the library) and `solve(graph, setting, seed)`, which
returns a label per atom or raises when the library gives up.
"""
