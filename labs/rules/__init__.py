"""Sans-I/O decisions, one small machine a file, `now` passed in. No asyncio, no sockets, no clock."""
