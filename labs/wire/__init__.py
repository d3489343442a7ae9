"""Sans-I/O protocol code: bytes in, meaning out. No asyncio, no sockets, no clock."""
