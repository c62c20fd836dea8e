"""A capture to look at: panes of data, without a toolkit, and what is drawn of them.

timeline   per column of a picture: frames, bytes in no frame, lost frames, diagnostics
overview   one pass over a recording, and what a report says of it
svg        pictures as text
page       the report as a page
markdown   the same for a pull request
"""
