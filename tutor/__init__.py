"""What the learner sees and what it remembers."""
