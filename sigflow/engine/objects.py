"""Machine code kept in files: written once, and loaded by LLVM alone, which takes a twentieth of the time of Numba.

A file is the SHA-256 of an object file, and the object file; what is cut or altered is taken as not there.  Only this
processor's code is asked for: `host` is part of every file's name.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import llvmlite
from llvmlite import binding

from sigflow.engine.calls import Function

#: The one symbol of an object: a function of an address of int64 numbers, which gives an int64.
SYMBOL = "sigflow_entry"
_TYPE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)
_DIGEST = 32


def host() -> str:
    """What machine code depends on: LLVM, the processor, and its features."""
    features = ",".join(sorted(name for name, has in binding.get_host_cpu_features().items() if has))
    return f"{llvmlite.__version__} {binding.get_process_triple()} {binding.get_host_cpu_name()} {features}"


def translated(text: str, name: str) -> bytes:
    """The object of a module, given as LLVM's text, in which the function `name` is called from outside.

    Raises `ValueError` where it needs a symbol that only Numba or Python have.
    """
    machine = _machine()
    module = binding.parse_assembly(text)
    for function in module.functions:
        if function.is_declaration and not function.name.startswith("llvm.") and _used(text, function.name):
            raise ValueError(f"the code calls {function.name}")
    module.get_function(name).name = SYMBOL
    return bytes(machine.emit_object(module))


def _used(text: str, name: str) -> bool:
    lines = (line for line in text.splitlines() if not line.startswith("declare"))
    return any(f"@{name}(" in line or f"@{name}," in line or f'@"{name}"' in line for line in lines)


def loaded(code: bytes) -> Function:
    """The function of an object, which several threads may call at a time."""
    machine = _machine()
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine)
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    function: Any = _TYPE(engine.get_function_address(SYMBOL))
    function.engine = engine  # the code is there as long as this
    return cast(Function, function)


def _machine() -> Any:
    """What translates for this processor, for code that stays where it is put.  An engine takes it for its own."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    target = binding.Target.from_triple(binding.get_process_triple())
    return target.create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=3,
        reloc="static" if target.name.startswith("x86") else "default",
        codemodel="jitdefault",
        jit=True,
    )


def read(path: Path) -> bytes | None:
    """The object in a file; None where there is none, or not the whole."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    code = data[_DIGEST:]
    return code if hashlib.sha256(code).digest() == data[:_DIGEST] else None


def can_write(folder: Path) -> bool:
    """Whether objects can be kept in this folder, which is made where it is missing."""
    probe = folder / f"probe.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError:
        return False
    return True


def write(path: Path, code: bytes) -> None:
    """Keep an object, where that is possible."""
    half = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half.write_bytes(hashlib.sha256(code).digest() + code)
        half.replace(path)
    except OSError:
        with suppress(OSError):
            half.unlink()
