"""Captures from captures: frames picked, merged, split, sorted, and freed of duplicates, byte for byte.

Rules.  No byte of a frame is changed.  What is in no frame (gaps, idle bytes) is left out and counted.  What stands
once around the frames of a file stands once in what is written: a preamble at its beginning, a trailer at its end.  An
output takes its name only after it was synced and read back, with no gap and exactly the frames that were written; so a
run that is killed or fails leaves what was there before.

source      one pass over a capture, frames as arrays, and the verdict on it
output      a file while it is written, and the reading back
around      preambles and trailers of what is put together anew
result      what was done
filtering   only some of the frames
duplicates  frames that came twice
keys        what frames are ordered by
merging     several captures to one
rows        rows of numbers sorted in bounded memory
sorting     the frames of a capture in order
splitting   one capture to several
mapping     what becomes of the fields of a frame in another format
converter   frames of that format, made of many at a time
converting  one capture to one of another format
"""
