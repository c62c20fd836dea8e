"""Alarms over the events of a stream: raised, cleared, acknowledged and shelved at the same frames whenever they are
read.

An alarm is a function of the events in their order, and of what operators did, at the frames at which they did it.  Its
time is that of the frames; where the clock of the machine raises one, because nothing comes, the event says so.

states       what state follows from which, as ISA-18.2 has them
persistence  how long a condition must hold
windows      what is counted in a time
learning     what is usual
conditions   one for each kind of alarm: whether it holds now
rules        the alarms of a configuration, bound to formats
monitor      the alarms of a stream
"""
