"""A spec as a Construct module: the way out.  `sigflow.compiler.construct` is the way in.

It works from the same plan as the generated parser.

printing     nested calls as text          uses      what needs what, and so which order
losses       what has no form, and why     fields    one field: bytes, lists, places, conditions, checks
names        names and keys                structs   the fields of a class in order, bits, instances
helpers      what the module defines       stream    the hints of a stream
expressions  of `this`, or a lambda        module    the whole
"""

from sigflow.compiler.emit.construct.module import ConstructModule, construct_module

__all__ = ["ConstructModule", "construct_module"]
