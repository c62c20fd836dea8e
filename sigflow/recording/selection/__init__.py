"""Which frames are meant: by a condition on their fields, by format, kind and stream, from and to, so many of them.

A condition is an expression of the language of specs, over the fields of a frame.  It is typed against each format
before a frame is read.  A frame in which it cannot be computed (a field that is not there, a division by zero) does not
match, whatever the condition says; nor does a frame of a format that lacks a field; a name that no format has is a
mistake.

operators the operators of terms
terms     an expression bound to a format: what it is for one frame, and for many
vectors   arithmetic and comparisons on columns, exactly as Python's integers have them
methods   the methods of values
binding   an expression and a format to a term, or what is wrong with it
where     a condition over the frames of several formats
keys      kinds and streams of frames, and how they are spelt on a command line
bounds    from and to: an offset, a frame, or a time
asked     which frames are meant, as it is asked for
fitting   all of these in one
choice    the picking of so many of those that fit
"""

from __future__ import annotations
