"""How Numba compiles kernel code: by the passes that it needs, and to machine code only what is called from outside.

Numba makes each function a library of its own, optimised and translated with all that it calls before its callers take
it in; so what lies deepest is done over again for each function around it.  Kernel code is one program: what only other
kernel code calls is left as it was lowered, and is optimised once, where it ends up.  And it is plain: no closures, no
contexts, nothing to be rewritten.  Both together save a third of the time that the first scan of a spec waits for.

After "Customizing the Compiler" in Numba's manual for its developers, and the library class of its CPU target, which no
manual describes; `build` goes back to Numba's own ways should a version of Numba not take it.
"""

from __future__ import annotations

import gc
from functools import cache
from typing import Any

from numba import njit
from numba.core import codegen, compiler, typed_passes, untyped_passes
from numba.core.compiler_machinery import PassManager, register_pass


class _Library(codegen.JITCodeLibrary):
    """What other libraries take in, and what never runs by itself: neither optimised nor translated."""

    def finalize(self) -> None:
        self._raise_if_finalized()
        for library in dict.fromkeys(self._linking_libraries):
            self._reload_init.update(library._reload_init)
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._finalize_dynamic_globals()
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _Lowering(typed_passes.NativeLowering):
    """Lowers a function for others to take in."""

    _name = "sigflow_lowering"

    def run_pass(self, state: Any) -> bool:
        state.library = _Library(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        done: bool = super().run_pass(state)
        lowered = state["cr"]
        # What stands for the machine code must be a built-in function, and of this function alone: by it Numba finds
        # what a caller takes in.
        stand_in = list[object]().index
        state.targetctx.insert_user_function(stand_in, lowered.fndesc, [state.library])
        state["cr"] = lowered._replace(cfunc=stand_in)
        return done


class _Entry(compiler.CompilerBase):
    """For a function that is called from outside."""

    lowering = typed_passes.NativeLowering

    def define_pipelines(self) -> list[PassManager]:
        passes = PassManager("sigflow")
        for each in (
            untyped_passes.TranslateByteCode,
            untyped_passes.FixupArgs,
            untyped_passes.IRProcessing,
            untyped_passes.ReconstructSSA,
            typed_passes.NopythonTypeInference,
            typed_passes.PreLowerStripPhis,
            typed_passes.IRLegalization,
            typed_passes.AnnotateTypes,
            self.lowering,
            typed_passes.NoPythonBackend,
        ):
            passes.add_pass(each, each.__name__)
        passes.finalize()
        return [passes]

    def compile_extra(self, function: Any) -> Any:
        """Without collecting garbage meanwhile, of which there is little beside all that is in use."""
        enabled = gc.isenabled()
        gc.disable()
        try:
            return super().compile_extra(function)
        finally:
            if enabled:
                gc.enable()


class _Inner(_Entry):
    """For a function that only others call."""

    lowering = _Lowering


#: Options of `numba.njit` for what is called from outside, and for what is not.
ENTRY: dict[str, Any] = {"pipeline_class": _Entry}
INNER: dict[str, Any] = {"pipeline_class": _Inner}


@cache
def usable() -> bool:
    """Whether the version of Numba that is here takes all this; found out by a small program."""

    @njit(**INNER)  # type: ignore[untyped-decorator]
    def twice(x: Any) -> Any:
        return 2 * x

    @njit(**INNER)  # type: ignore[untyped-decorator]
    def thrice(x: Any) -> Any:
        return x + twice(x)

    @njit(**ENTRY)  # type: ignore[untyped-decorator]
    def difference(x: Any, y: Any) -> Any:
        return thrice(x) - twice(y)

    try:
        return bool(difference(4, 5) == 2)
    except Exception:  # whatever another version does
        return False
