"""Handlers: functions that are called for the events of a stream, live and over what is recorded.

A handler is isolated: it has its own queue and a limit of time, and what it does to itself (it raises, hangs, is slow)
is counted and kept as dead letters, while the stream goes on.

declared     what a handler is, and where it is found by its name
wanting      which events it is called for, bound to the formats of a stream
occurrences  the events of a stream as handlers are called for them, each with its key
calling      one call, and why it failed
running      the queue, the limit of time, and the counts
letters      dead letters of events, and back
replaying    handlers over what is recorded
retrying     dead letters, tried again
"""
