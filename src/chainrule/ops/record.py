"""One operation, one record: everything the library knows about an operation, in one place.

A record holds the value, the shape rule, the gradient in one of two forms, the rule for a batch, the
cost, the explanation and the samples that test it all. Transforms, analyses and engines read the records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property, partial
from typing import Any, ClassVar, NamedTuple, Self, cast

import numpy as np

from ..core import memory
from ..core.errors import GraphError
from ..graph import (
    Node,
    Plan,
    Spec,
    apply,
    as_dtype,
    floatx,
    infer,
    infer_symbolic,
    is_narrow,
    new_cache,
    promote_specs,
    spec_of,
)  # fmt: skip
from ..tensors.convert import as_tensor
from ..tensors.tensor import Tensor, VariableBase
from .sample import Sample

registry: dict[str, Operation] = {}
_FLOAT32 = np.dtype("float32")


class Cost(NamedTuple):
    """The cost of one node. One multiply-accumulate (MAC) is one multiply and one add.

    ``other`` counts operations that are neither (comparisons, and a nominal number, stated in the record, for ``exp``
    and the like). ``formula`` is the count with its numbers filled in. ``workspace`` is the memory in bytes that
    NumPy's value needs besides its inputs and output.
    """

    multiplies: int = 0
    adds: int = 0
    macs: int = 0
    other: int = 0
    formula: str = ""
    workspace: int = 0

    @property
    def flops(self) -> int:
        """Multiplies, adds and the others together; not a synonym for MACs."""
        return self.multiplies + self.adds + self.other


def freeze(value: Any, role: str = "an argument that is no operand") -> Any:
    """Make an attribute hashable: lists, arrays and tensors become tuples and numbers.

    Args:
        role: what the value is, for the error.

    Raises:
        GraphError: for a tensor with a gradient, which would lose it.
    """
    if isinstance(value, list | tuple):
        return tuple([freeze(v, role) for v in value])
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return freeze(value.tolist())
    if isinstance(value, Tensor | VariableBase):
        if is_tracked(value):
            mend = "pass its number, tensor.item() or tensor.numpy(), which makes a constant of it"
            raise GraphError(f"a tensor that has a gradient as {role}", "numbers: no gradient flows through it", mend)
        return freeze(as_tensor(value).numpy())
    return value


def is_tracked(value: Any) -> bool:
    """Return whether a value is a tensor or variable through which a gradient may flow."""
    if not isinstance(value, Tensor | VariableBase):
        return False
    tensor = as_tensor(value)
    return bool(tensor.tracked) and tensor.spec.floating and not tensor.operation.stops_gradient


Rule = Callable[..., Any]


def _no_rule(*args: Any, **kwargs: Any) -> Any:
    raise GraphError("an operation without this rule", "a rule in its record, or a body that is opened", "add it")


def preserve_dtypes(specs: tuple[Spec, ...]) -> tuple[Any, ...]:
    """Keep each operand's dtype; a Python number takes its default dtype."""
    return tuple([s.dtype if not s.weak else promote_specs((s,)) for s in specs])


@dataclass(frozen=True, eq=False, repr=False)
class Operation:
    """A primitive operation. Call it with tensors (or anything `tensor` takes) and its attributes.

    A value: variants are made with `dataclasses.replace`, and nothing changes after it is made.

    Args:
        name: the key in the registry (`define`), in model files and for engines.
        value: ``(xp, *arrays, **attributes) -> array``. `xp` is numpy when run, jax.numpy when lowered; pure.
            Its signature is the operation's: parameters with defaults are attributes.
        gradient_note: the operation's role in the backward pass, as a sentence.
        spec: ``(specs, **attributes) -> Spec``, the one obligatory shape rule.
        casts: ``(specs) -> dtypes``, the dtype to which each operand is cast first.
        batch: ``(operation, inputs, batched, size, attributes) -> Tensor``, what `vectorize` builds.
        cost: ``(specs, output spec, **attributes) -> Cost``.
        samples: domain, zeros, ties, unequal sizes, error cases.
        doc: what it computes, with an example that the tests run.
        format: the formula, with ``{0}``, ``{1}`` for the inputs; default ``name({0})``.
        names: the inputs' names for callers, where Keras's differ from those in `value`.
        local: gradient form one, a function for each input, ``(xp, *inputs, output, **attributes)``: each
            input entry reaches exactly one output entry. The number 1, -1 or 0 where the slope is constant.
        transpose: gradient form two, a function for each input, ``(xp, upstream, *inputs, **attributes)``:
            linear in that input with the others held. For variadic operations one function, which
            takes the input's index after `xp`. ``None`` in either: no gradient through that input.
        tangent: for form two, where it is not linear in an input (``inv``): a function for each input,
            ``(xp, tangent, *inputs, **attributes)``, of which `transpose` is the
            transpose; ``None`` where it is linear.
        custom_vjp: for a call, a backward of the user's (`custom_rule`) in place of the derivative of its body.
        reduces: for form one, the output has lost the axes named by the attribute ``axis``.
        joint: for form two, linear in all inputs together (``concatenate``), not in each with the others held.
        selects: for form one, it chooses between values (``relu``, ``maximum``, ``abs``): where the local gradient is 0
            (or false: it may be a mask), the input was not selected, and no gradient reaches it, not even
            0 times infinity.
        rectifies: it is 0 for all that lies below (``relu``), so that a unit may be dead.
        stops_gradient: its output is a constant on purpose, as that of ``stop_gradient``.
        depends_on_ulp: its value depends on the spacing of the dtype's numbers, so that it may not be computed in a
            wider dtype.
        wide: it adds or multiplies many numbers: of float16 and bfloat16 it computes in float32, by casts in the graph,
            and rounds its result once.
        is_view: NumPy's result shares the memory of the first input.
        is_move: its entries are entries of its first input, moved, cast or repeated, or padding.
        is_sum: it adds its inputs; one that is a parameter of another shape is a bias.
        is_barrier: its first input's value, which may not be computed before the others'.
        probabilities: what a network that ends with it gives: ``"distribution"`` (they sum to 1), ``"independent"``
            (each entry alone is one), ``"possible"``, or ``""`` (numbers of any size).
        entry_text: ``(writer, entries, **attributes) -> str``, the arithmetic of one entry of the result from those of
            the input that it combines; `writer` writes numbers, sums and products (`analysis.explain`). Default: for a
            reduction the sum, else `format`.
    """

    name: str
    value: Rule
    _: KW_ONLY
    gradient_note: str
    spec: Rule = _no_rule
    casts: Rule = preserve_dtypes
    batch: Rule = _no_rule
    cost: Rule = _no_rule
    samples: Sequence[Sample] = ()
    doc: str = ""
    format: str = ""
    names: tuple[str, ...] = ()
    local: tuple[Rule | int | None, ...] | None = None
    transpose: tuple[Rule | None, ...] | Rule | None = None
    tangent: tuple[Rule | None, ...] | None = None
    custom_vjp: Rule | None = None
    reduces: bool = False
    joint: bool = False
    selects: bool = False
    rectifies: bool = False
    stops_gradient: bool = False
    depends_on_ulp: bool = False
    wide: bool = False
    is_view: bool = False
    is_move: bool = False
    is_sum: bool = False
    is_barrier: bool = False
    probabilities: str = ""
    entry_text: Rule | None = None
    plans: dict[Any, Plan] = field(default_factory=new_cache, init=False)

    leaf: ClassVar[bool] = False

    def __post_init__(self) -> None:
        doc = f"{self.doc.strip()}\n\nGradient: {self.gradient_note}." if self.doc else self.gradient_note
        vars(self).update(__doc__=doc, __name__=self.name, __qualname__=self.name)
        vars(self)["format"] = self.format or self.name + "({0})"

    @classmethod
    def define(cls, name: str, value: Rule, **fields: Any) -> Self:
        """Make an operation of the library, and put it into the registry."""
        operation = registry[name] = cls(name, value, **fields)
        return operation

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __reduce__(self) -> Any:
        """Pickle an operation of the library by its name."""
        if registry.get(self.name) is not self:
            passed = f"the operation {self.name!r}, which is not the library's own, to be pickled"
            raise GraphError(passed, "an operation of the library", "pickle the function that makes it")
        return _registered, (self.name,)

    @cached_property
    def arity(self) -> int | None:
        """The number of inputs, ``None`` if any."""
        return _signature_of(self.value)[0]

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The attributes, with their defaults."""
        return _signature_of(self.value)[1]

    @cached_property
    def input_names(self) -> tuple[str, ...]:
        """The inputs' names for callers."""
        names: tuple[str, ...] = self.value.__code__.co_varnames[1 : 1 + (self.arity or 0)]
        return self.names or names

    @cached_property
    def simple(self) -> bool:
        """Whether it has gradient form one, reduces nothing and has no attributes: what an eager pass writes out."""
        return self.local is not None and not self.reduces and not self.parameters

    @property
    def is_product(self) -> bool:
        """Whether it is linear in each of several inputs, with the others held (``matmul``, ``conv``, ``einsum``)."""
        rules = self.transpose
        several = sum(r is not None for r in rules) > 1 if isinstance(rules, tuple) else rules is not None
        return several and not self.joint

    def tangent_rule(self, i: int) -> Rule | None:
        """Return the rule for the tangent of input i, ``None`` where the operation is linear in it."""
        return self.tangent[i] if self.tangent else None

    @property
    def differentiable(self) -> bool:
        """Whether a gradient passes through any of its inputs."""
        return self.local is not None or self.transpose is not None

    @property
    def __signature__(self) -> Any:
        import inspect

        parameters, names = list(inspect.signature(self.value).parameters.values())[1:], self.input_names
        return inspect.Signature(
            [p.replace(name=n) for p, n in zip(parameters, names, strict=False)] + parameters[len(names) :]
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:
        if not self.parameters and not kwargs and len(args) == self.arity:
            if len(args) == 1:
                (x,) = args
                return apply(self, args if x.__class__ is Tensor else (as_tensor(x),))
            return apply(self, tuple([as_tensor(a) for a in args]))
        inputs, attributes = self.bind(args, kwargs)
        return self.call_wide(tuple([as_tensor(a) for a in inputs]), attributes, apply)

    def call_wide(self, tensors: tuple[Tensor, ...], attributes: dict[str, Any], call: Rule) -> Any:
        """Return ``call(self, tensors, attributes)``; of an operation that is `wide`, computed in float32."""
        if not self.wide or not (is_narrow(as_dtype(floatx())) or any(t.spec.narrow for t in tensors)):
            return call(self, tensors, attributes)
        dtypes = self.casts(tuple([t.spec for t in tensors]))
        narrow = [d for d in dtypes if is_narrow(d)]
        if not narrow:
            return call(self, tensors, attributes)
        inputs = [t.cast_to(_FLOAT32 if is_narrow(d) else d) for t, d in zip(tensors, dtypes, strict=True)]
        return call(self, tuple(inputs), attributes).cast_to(narrow[0])

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Split arguments into inputs and attributes, all of these in the signature's order with defaults filled in."""
        extra: tuple[Any, ...] = ()
        if self.arity is None:
            inputs = args
        else:
            for name in self.input_names[len(args) :]:  # inputs may be given by name, too
                if name in kwargs:
                    args = (*args, kwargs[name])
                    kwargs = {k: v for k, v in kwargs.items() if k != name}
            inputs, extra = args[: self.arity], args[self.arity :]
        attributes = dict(self.parameters)
        names = list(attributes)
        if len(extra) > len(names) or len(inputs) != (len(args) if self.arity is None else self.arity):
            raise TypeError(f"{self.name}{self.__signature__} was called with {len(args)} positional arguments")
        for name, value in (*zip(names, extra, strict=False), *kwargs.items()):
            if name not in attributes:
                raise TypeError(f"{self.name}{self.__signature__} has no argument {name!r}")
            attributes[name] = self.attribute(name, value)
        return inputs, attributes

    def attribute(self, name: str, value: Any) -> Any:
        """Return an attribute as it is kept in a node (`freeze`)."""
        return freeze(value, f"the argument {name!r} of {self.name}")

    def spec_for(self, specs: tuple[Spec, ...], attributes: dict[str, Any]) -> Spec:
        """Return the result's spec by the shape rule, also where sizes are not known."""
        rule = lambda specs, sizes: [self.spec(tuple(specs), **attributes)]
        if any(s.unknown for s in specs):
            spec: Spec = infer(rule, specs)[0]
        elif any(s.symbolic for s in specs):
            spec = infer_symbolic(rule, list(specs))[0]
        else:
            spec = self.spec(specs, **attributes)
        return spec

    def plan(self, specs: tuple[Spec, ...], attributes: dict[str, Any]) -> Plan:
        """Work out the output's spec, the casts that are needed, and the function that computes the value."""
        dtypes = self.casts(specs)
        cast = tuple([spec_of(s.shape, d) for s, d in zip(specs, dtypes, strict=True)])
        needed = any(s.weak or s.dtype != d for s, d in zip(specs, dtypes, strict=True))
        spec = self.spec_for(cast, attributes)
        run: Rule = partial(self.value, np, **attributes) if attributes else partial(self.value, np)
        if any(s.narrow for s in (*cast, spec)) and not self.depends_on_ulp:
            run = _in_float32(run, spec.dtype)
        if not self.is_view and not spec.symbolic and spec.nbytes > _LARGE:
            run = _asking_for_memory(run, self.name, spec)
        return Plan(spec, dtypes if needed else None, run)


def _registered(name: str) -> Operation:
    return registry[name]


_LARGE = 1 << 24  # bytes of a result that are asked for before it is computed


def _asking_for_memory(run: Rule, name: str, spec: Spec) -> Rule:
    """Refuse a result that does not fit into memory, by name, before it is computed."""

    def run_if_it_fits(*arrays: Any) -> Any:
        memory.require(spec.nbytes, f"{name} with a result of shape {spec.shape} of {spec.dtype.name}")
        return run(*arrays)

    return run_if_it_fits


def _in_float32(run: Rule, dtype: np.dtype[Any]) -> Rule:
    """Compute in float32 and round once: NumPy adds float16 in float16, and computes little in bfloat16."""

    def run_wide(*arrays: Any) -> Any:
        return run(*[x.astype(_FLOAT32) if is_narrow(x.dtype) else x for x in arrays]).astype(dtype)

    return run_wide


class Namespace:
    """The `xp` with which rules build nodes. Its attributes are

    - the public operations, under their names in `chainrule.ops`;
    - the other records, under the name in their registry; with ``_record`` behind it where a public function has the
      name, which calls the record with other arguments (``xp.conv``, ``xp.conv_record``).
    """

    def __init__(self, public: dict[str, Any]) -> None:
        for name, record in registry.items():
            if public.get(name) is not record:
                setattr(self, f"{name}_record" if name in public else name, record)
        vars(self).update(public)


_namespace: Any = None


def set_namespace(public: dict[str, Any]) -> None:
    """Set the public operations, by name, which `chainrule.ops` does as soon as it is complete."""
    global _namespace
    _namespace = Namespace(public)


def namespace() -> Any:
    """Return the `Namespace` with which rules build nodes."""
    return _namespace


def _signature_of(value: Rule) -> tuple[int | None, dict[str, Any]]:
    """Return the number of inputs (``None`` if variadic) and the attributes with their defaults, from the signature."""
    code = value.__code__
    defaults = value.__defaults__ or ()
    names = code.co_varnames[1 : code.co_argcount]
    if code.co_flags & 0x04:  # *xs
        return None, dict(value.__kwdefaults__ or {})
    inputs = len(names) - len(defaults)
    return inputs, dict(zip(names[inputs:], defaults, strict=True))


def operation_of(node: Node) -> Operation:
    """Return the record of a node that is not a leaf."""
    return cast(Operation, node.operation)
