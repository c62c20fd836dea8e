"""LLVM itself: modules optimised and translated to object files, and object files that it loads."""

from __future__ import annotations

import ctypes
from typing import Any, cast

from llvmlite import binding

from sigflow.engine.calls import SYMBOL, Function

_TYPE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)
_LEVEL = 2


def translated(text: str, level: int = _LEVEL) -> bytes:
    """The object file of a module, given as LLVM's text, for this processor.  level: of optimisation, 0 to 3."""
    machine = target_machine()
    module = binding.parse_assembly(text)
    options = binding.create_pipeline_tuning_options(speed_level=level)
    # Unrolled, kernel code is no quicker, and takes a fifth longer to be compiled.
    options.loop_unrolling = options.slp_vectorization = False
    builder = binding.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return bytes(machine.emit_object(module))


def loaded(code: bytes) -> Function:
    """The function of an object file, which several threads may call at a time."""
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), target_machine())
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    function: Any = _TYPE(engine.get_function_address(SYMBOL))
    function.engine = engine  # the code is there as long as this
    return cast(Function, function)


def target_machine() -> Any:
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
