"""Where the fields of a class stand in every object of it, without anything being read.

Fields are taken in blocks: bit fields in a row are one, any other field is one by itself.  From the front as far as the
sizes are known, then from the back; a single block of unknown size between the two has a place as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sigflow.compiler import schema as sc
from sigflow.compiler.layout import Layout
from sigflow.compiler.model import Bits, Bytes, Number, Text, User, Wire
from sigflow.compiler.plan import ClassPlan, Step

#: A bit field whose bytes are more than this has no place: no machine word holds them.
_WORD = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Bytes [start, stop) from the first byte of the object, negative ones from its end, None for the end itself.

    shift: of a bit field, the bits of these bytes that stand below it.
    """

    start: int
    stop: int | None
    shift: int = 0


def places(plan: ClassPlan, layout: Layout) -> dict[sc.Attr, Place]:
    """The places of a class's fields, of those that have one."""
    extents: dict[sc.Attr, Place] = {}
    blocks = list(_blocks(plan, layout))
    front, at = 0, 0
    for steps, size in blocks:
        if size is None:
            break
        extents.update(_in_block(steps, at, size))
        at += size
        front += 1
    back, end = len(blocks), 0
    while back > front and (size := blocks[back - 1][1]) is not None:
        end -= size
        back -= 1
        extents.update(_in_block(blocks[back][0], end, size))
    if back == front + 1:
        (step, *_), _ = blocks[front]
        if _stretches(step):
            extents[step.attr] = Place(at, end or None)
    return extents


def _blocks(plan: ClassPlan, layout: Layout) -> Iterator[tuple[list[Step], int | None]]:
    """The blocks of a class, and how many bytes each has; None where the bytes decide."""
    group: list[Step] = []
    for step in plan.steps:
        if isinstance(step.wire, Bits):
            group.append(step)
            continue
        if group:
            yield group, _bits_size(group)
            group = []
        yield [step], _size(step, layout)
    if group:
        yield group, _bits_size(group)


def _bits_size(group: list[Step]) -> int | None:
    wires = [step.wire for step in group if isinstance(step.wire, Bits)]
    if len({wire.order for wire in wires}) > 1:
        return None
    if any(step.attr.condition is not None or step.attr.repeat is not None for step in group):
        return None
    return (sum(wire.width for wire in wires) + 7) // 8


def _size(step: Step, layout: Layout) -> int | None:
    bits = layout.attr_bits(step.attr)
    # A type that ends inside a byte would share it with what comes next.
    return None if bits is None or bits % 8 else bits // 8


def _in_block(steps: list[Step], at: int, size: int) -> Iterator[tuple[sc.Attr, Place]]:
    """The places of the fields of one block at the offset `at`."""
    first = steps[0].wire
    if not isinstance(first, Bits):
        if _placed(steps[0], first):
            yield steps[0].attr, Place(at, _stop(at, size))
        return
    passed = 0
    for step in steps:
        assert isinstance(step.wire, Bits)
        start, stop = passed // 8, (passed + step.wire.width + 7) // 8
        shift = passed % 8 if step.wire.order == "le" else 8 * stop - passed - step.wire.width
        passed += step.wire.width
        if stop - start <= _WORD:
            yield step.attr, Place(at + start, _stop(at + start, stop - start), shift)


def _stop(at: int, size: int) -> int | None:
    return None if at < 0 and at + size == 0 else at + size


def _placed(step: Step, wire: Wire) -> bool:
    """Whether the bytes of a field of known size say its value by themselves."""
    if isinstance(wire, Number):
        return wire.order != "calc"
    if isinstance(wire, Bytes | Text):
        return wire.shape.process is None
    if isinstance(wire, User):
        process = wire.shape.process if wire.shape is not None else None
        return process is None and isinstance(wire.target, sc.ClassSpec) and "depth" not in wire.target.limits
    return False


def _stretches(step: Step) -> bool:
    """Whether a field of unknown size is just the bytes between what is before and behind it."""
    wire, attr = step.wire, step.attr
    if attr.condition is not None or attr.repeat is not None:
        return False
    if isinstance(wire, Bytes | Text):
        shape = wire.shape
        return shape.process is None and shape.term is None and shape.pad is None
    return isinstance(wire, User) and wire.shape is None and isinstance(wire.target, sc.ClassSpec)
