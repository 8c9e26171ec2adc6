"""The parts of study.py: tasks, methods, one run, results."""
