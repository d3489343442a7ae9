"""What happens on the wire: protocols, the broker, real processes and the labs. Knows nothing of `tutor`."""
