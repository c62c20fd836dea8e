"""Live sessions: from transports to the folder of a session and to sinks."""
