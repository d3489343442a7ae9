"""Sockets and processes: a thin driver round `labs.wire`."""
