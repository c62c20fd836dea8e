"""LLVM's text of one function while it is written: instructions in blocks, and slots for what changes.

Every local is a slot on the stack that begins as 0; the optimiser makes registers of them.
"""

from __future__ import annotations

from sigflow.engine.llvm.kinds import Kind, Value, parts_of

_ZEROS = {"ptr": "null", "i64": "0"}


class Writer:
    """State: the lines so far, and whether the current block has ended.  declared: what of LLVM the code calls."""

    def __init__(self, declared: set[str]) -> None:
        self.declared = declared
        self.ended = False
        self._slots: list[str] = []
        self._lines: list[str] = []
        self._names = 0

    def text(self, head: str) -> str:
        """The function."""
        return "\n".join([f"define {head} {{", "entry:", *self._slots, "br label %begin", "begin:", *self._lines, "}"])

    # ---------------------------------------------------------------- instructions

    def line(self, instruction: str) -> None:
        """An instruction that gives nothing.  What follows the end of a block is never reached, and left out."""
        if not self.ended:
            self._lines.append(instruction)

    def op(self, instruction: str) -> str:
        """An instruction, and the register with what it gives."""
        register = self.name("%t")
        self.line(f"{register} = {instruction}")
        return register

    def call(self, result: str, name: str, *operands: str) -> str:
        """A call of a function of LLVM's own; operands are written with their types."""
        types = ", ".join(operand.rpartition(" ")[0] for operand in operands)
        self.declared.add(f"declare {result} @{name}({types})")
        call = f"call {result} @{name}({', '.join(operands)})"
        if result == "void":
            self.line(call)
            return ""
        return self.op(call)

    def name(self, prefix: str) -> str:
        """A name that is not used yet."""
        self._names += 1
        return f"{prefix}{self._names}"

    # ---------------------------------------------------------------- blocks

    def begin(self, label: str) -> None:
        """The block of this label begins here."""
        self._lines.append(f"{label}:")
        self.ended = False

    def jump(self, label: str) -> None:
        """The block ends, and goes on there."""
        self.line(f"br label %{label}")
        self.ended = True

    def branch(self, bit: str, yes: str, no: str) -> None:
        """The block ends, and goes on at one label or the other."""
        self.line(f"br i1 {bit}, label %{yes}, label %{no}")
        self.ended = True

    def end(self, instruction: str) -> None:
        """The block ends with this instruction."""
        self.line(instruction)
        self.ended = True

    # ---------------------------------------------------------------- slots

    def slots(self, kind: Kind) -> Value:
        """Room for a value of this kind: the addresses of its parts."""
        addresses = []
        for part in parts_of(kind):
            address = self.name("%s")
            zero = _ZEROS.get(part, "zeroinitializer")
            self._slots += [f"{address} = alloca {part}", f"store {part} {zero}, ptr {address}"]
            addresses.append(address)
        return Value(kind, tuple(addresses))

    def load(self, slots: Value) -> Value:
        """What is in these slots."""
        loads = [f"load {part}, ptr {slot}" for part, slot in zip(parts_of(slots.kind), slots.parts, strict=True)]
        return Value(slots.kind, tuple(map(self.op, loads)))

    def store(self, value: Value, slots: Value) -> None:
        """Put a value into slots of its kind."""
        for part, operand, slot in zip(parts_of(value.kind), value.parts, slots.parts, strict=True):
            self.line(f"store {part} {operand}, ptr {slot}")
