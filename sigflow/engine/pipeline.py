"""How Numba compiles kernel code: by the passes that it needs, and optimised once, as a whole.

Numba makes each function a library of its own, optimised and translated with all that it calls before its callers take
it in; so what lies deepest is done over again for each function around it.  Kernel code is one program: what only other
kernel code calls is left as it was lowered, and is optimised once, where it ends up; machine code is made of that by
`objects`.  And it is plain: no closures, no contexts, nothing to be rewritten.  Both together save a third of the time
that the first scan of a spec waits for.

After "Customizing the Compiler" in Numba's manual for its developers, and the library class of its CPU target, which no
manual describes; `build` goes back to Numba's own ways should a version of Numba not take it.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from llvmlite import binding
from numba import cfunc, njit
from numba.core import codegen, compiler, typed_passes, types, untyped_passes
from numba.core.compiler_machinery import LoweringPass, PassManager, register_pass

from sigflow.engine.objects import loaded, translated


class _Library(codegen.JITCodeLibrary):
    """What other libraries take in, and what never runs by itself: neither optimised nor translated."""

    def finalize(self) -> None:
        self._raise_if_finalized()
        for library in dict.fromkeys(self._linking_libraries):
            self._reload_init.update(library._reload_init)
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._finalize_dynamic_globals()
        self._finalized = True


class _Program(_Library):
    """What is called from outside, by C's convention alone: all else is put in line, or is no one else's."""

    def finalize(self) -> None:
        super().finalize()
        # Nothing is raised in kernel code but what cannot happen, such as a tuple's item that is not there: the way by
        # which Numba would tell Python ends where it begins.
        for line in str(self._final_module).splitlines():
            if line.startswith("declare ") and "@numba_gil_ensure(" in line:
                stub = line.replace("declare", "define", 1).partition(")")[0] + ") { unreachable }"
                self._final_module.link_in(binding.parse_assembly(stub))
        for function in self._final_module.functions:
            if not function.is_declaration and not function.name.startswith("cfunc."):
                function.linkage = "internal"
        self._optimize_final_module()


@register_pass(mutates_CFG=True, analysis_only=False)
class _Inside(typed_passes.NativeLowering):
    """Lowers a function for others to take in."""

    _name = "sigflow_inside"

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


@register_pass(mutates_CFG=True, analysis_only=False)
class _Outside(typed_passes.NativeLowering):
    """Lowers a function that C calls."""

    _name = "sigflow_outside"

    def run_pass(self, state: Any) -> bool:
        state.library = _Program(state.targetctx.codegen(), state.func_id.func_qualname)
        done: bool = super().run_pass(state)
        return done


class _Typing:
    """A typing context that remembers what built-in functions and operators make of which types.

    Kernel code holds thousands of additions and comparisons, all of the same few types, and for each Numba tries one
    signature after the other.
    """

    def __init__(self, context: Any) -> None:
        self._context = context
        self._known: dict[tuple[Any, ...], Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def resolve_function_type(self, function: Any, args: Sequence[Any], kws: Mapping[str, Any]) -> Any:
        if isinstance(function, types.Dispatcher):  # one of the kernel's own, which is compiled by being asked for
            return self._context.resolve_function_type(function, [types.unliteral(type_) for type_ in args], kws)
        key = function, tuple(args), tuple(kws.items())
        if key not in self._known:
            self._known[key] = self._context.resolve_function_type(function, args, kws)
        return self._known[key]


_typing = cache(_Typing)


class _Entry(compiler.CompilerBase):
    """For a function that C calls."""

    lowering: type[LoweringPass] = _Outside

    def __init__(self, typingctx: Any, *rest: Any) -> None:
        super().__init__(typingctx, *rest)
        self.state.typingctx = _typing(typingctx)

    def define_pipelines(self) -> list[PassManager]:
        passes = PassManager("sigflow")
        for step in (
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
            passes.add_pass(step, step.__name__)
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

    lowering = _Inside


#: Options of `numba.cfunc` for what is called from outside, and of `numba.njit` for what is not.
OUTER: dict[str, Any] = {"pipeline_class": _Entry}
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

    def difference(x: Any) -> Any:
        return thrice(x) - twice(x + 1)

    try:
        made = cfunc("int64(int64)", **OUTER)(difference)
        return loaded(translated(made.inspect_llvm(), made.native_name))(9) == 7
    except Exception:  # whatever another version does
        return False
