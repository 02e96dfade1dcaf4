"""One operation, one record: everything the library knows about an operation, in one place.

A record holds the value, the shape rule, the gradient in one of two forms, the rule for a batch, the
cost, the explanation and the samples that test it all. Transforms, analyses and engines read the records.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, cast

import numpy as np

from ..core.errors import ChainruleError, GraphError
from ..graph import (
    NO_ATTRIBUTES,
    Graph,
    Node,
    Plan,
    Spec,
    apply,
    current_source_info,
    line_of,
    new_cache,
    promote_specs,
    spec_of,
    with_placeholder,
)
from ..tensors.convert import as_tensor, symbolic
from ..tensors.tensor import Tensor

registry: dict[str, Operation] = {}


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


class Draw:
    """A random array of this shape, drawn from a fixed stream only when a test needs it, so that import stays cheap.

    ``kind``: ``"normal"``, ``"positive"``, ``"distinct"`` (no ties), or an integer: whole numbers below it.
    """

    def __init__(self, *shape: int, kind: str | int = "normal") -> None:
        self.shape, self.kind = shape, kind

    def array(self, seed: int) -> np.ndarray[Any, Any]:
        """Draw the array."""
        rng = np.random.default_rng([seed, *self.shape])
        if isinstance(self.kind, int):
            return rng.integers(0, self.kind, self.shape).astype(np.int32)
        if self.kind == "distinct":
            return rng.permutation(int(np.prod(self.shape))).reshape(self.shape) / 4.0 - 1.0
        normal = rng.normal(size=self.shape)
        return np.abs(normal) + 0.25 if self.kind == "positive" else normal


class Sample:
    """Arguments on which the tests run an operation; `error`: the error that it must raise for them."""

    def __init__(self, *inputs: Any, error: type[ChainruleError] | None = None, **attributes: Any) -> None:
        self.inputs, self.error, self.attributes = inputs, error, attributes

    def arrays(self) -> tuple[Any, ...]:
        """Return the inputs as float64, int32 or bool arrays."""
        arrays = []
        for i, value in enumerate(self.inputs):
            array = value.array(i) if isinstance(value, Draw) else np.asarray(value)
            arrays.append(array.astype(np.int32) if array.dtype == np.int64 else array)
        return tuple(arrays)

    def __repr__(self) -> str:
        shapes = ", ".join(str(list(a.shape)) for a in self.arrays())
        extra = ", ".join(f"{k}={v}" for k, v in self.attributes.items())
        return f"({shapes}{'; ' + extra if extra else ''})"


def freeze(value: Any) -> Any:
    """Make an attribute hashable: lists and arrays become tuples, NumPy's scalars Python's."""
    if isinstance(value, list | tuple):
        return tuple([freeze(v) for v in value])
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return freeze(value.tolist())
    return value


Rule = Callable[..., Any]


class Operation:
    """A primitive operation. Call it with tensors (or anything `tensor` takes) and its attributes.

    Args:
        name: unique; the key in the registry, in model files and for engines.
        value: ``(xp, *arrays, **attributes) -> array``. `xp` is numpy when run, jax.numpy when lowered; pure.
            Its signature is the operation's: parameters with defaults are attributes.
        spec: ``(specs, **attributes) -> Spec``, the one obligatory shape rule.
        casts: ``(specs) -> dtypes``, the dtype to which each operand is cast first.
        local: gradient form one, a function for each input, ``(xp, *inputs, output, **attributes)``: each
            input entry reaches exactly one output entry. The number 1, -1 or 0 where the slope is constant.
        transpose: gradient form two, a function for each input, ``(xp, upstream, *inputs, **attributes)``:
            linear in that input with the others held. For variadic operations one function, which
            takes the input's index after `xp`. ``None`` in either: no gradient through that input.
        joint: for form two, linear in all inputs together (``concatenate``), not in each with the others held.
        tangent: for form two, where it is not linear in an input (``inv``): a function for each input,
            ``(xp, tangent, *inputs, **attributes)``, of which `transpose` is the
            transpose; ``None`` where it is linear.
        reduces: for form one, the output has lost the axes named by the attribute ``axis``.
        batch: ``(operation, inputs, batched, size, attributes) -> Tensor``, what `vectorize` builds.
        cost: ``(specs, output spec, **attributes) -> Cost``.
        gradient_note: the operation's role in the backward pass, as a sentence.
        format: the formula, with ``{0}``, ``{1}`` for the inputs; default ``name({0})``.
        names: the inputs' names for callers, where Keras's differ from those in `value`.
        stops_gradient: its output is a constant on purpose, as that of ``stop_gradient``.
        depends_on_ulp: its value depends on the spacing of the dtype's numbers, so that it may not be computed in a
            wider dtype.
        samples: domain, zeros, ties, unequal sizes, error cases.
        doc: what it computes, with an example that the tests run.
    """

    leaf = False
    custom_vjp: Any = None  # a backward supplied by the user (`custom_rule`) in place of the derivative of the body
    depends_on_ulp = False
    stops_gradient = False
    simple = False  # gradient form one, nothing reduced, no attributes: the case that an eager pass writes out

    def __init__(
        self,
        name: str,
        value: Rule,
        *,
        spec: Rule,
        casts: Rule,
        batch: Rule,
        cost: Rule,
        gradient_note: str,
        samples: list[Sample],
        doc: str,
        format: str = "",
        local: tuple[Rule | int | None, ...] | None = None,
        transpose: tuple[Rule | None, ...] | Rule | None = None,
        reduces: bool = False,
        joint: bool = False,
        tangent: tuple[Rule | None, ...] | None = None,
        names: tuple[str, ...] = (),
        stops_gradient: bool = False,
        depends_on_ulp: bool = False,
    ) -> None:
        self.name, self.value, self.spec, self.casts = name, value, spec, casts
        self.local, self.transpose, self.reduces, self.joint = local, transpose, reduces, joint
        self.tangent = tangent
        self.stops_gradient, self.depends_on_ulp = stops_gradient, depends_on_ulp
        self.batch, self.cost, self.gradient_note, self.samples = batch, cost, gradient_note, samples
        self.format = format or name + "({0})"
        self.plans: dict[Any, Plan] = new_cache()
        self.arity, self.parameters = _signature_of(value)
        self.names = names or value.__code__.co_varnames[1 : 1 + (self.arity or 0)]
        self.simple = local is not None and not reduces and not self.parameters
        self.__name__ = self.__qualname__ = name
        self.__doc__ = f"{doc.strip()}\n\nGradient: {gradient_note}."
        registry[name] = self

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

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

        parameters = list(inspect.signature(self.value).parameters.values())[1:]
        return inspect.Signature(
            [p.replace(name=n) for p, n in zip(parameters, self.names, strict=False)] + parameters[len(self.names) :]
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:
        if not self.parameters and not kwargs and len(args) == self.arity:
            if len(args) == 1:
                (x,) = args
                return apply(self, args if x.__class__ is Tensor else (as_tensor(x),))
            return apply(self, tuple([as_tensor(a) for a in args]))
        inputs, attributes = self.bind(args, kwargs)
        return apply(self, tuple([as_tensor(a) for a in inputs]), attributes)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Split arguments into inputs and attributes, all of these in the signature's order with defaults filled in."""
        extra: tuple[Any, ...] = ()
        if self.arity is None:
            inputs = args
        else:
            for name in self.names[len(args) :]:  # inputs may be given by name, too
                if name in kwargs:
                    args = (*args, kwargs[name])
                    kwargs = {k: v for k, v in kwargs.items() if k != name}
            inputs, extra = args[: self.arity], args[self.arity :]
        attributes = dict(self.parameters)
        names = list(attributes)
        if len(extra) > len(names) or len(inputs) != (len(args) if self.arity is None else self.arity):
            raise TypeError(f"{self.name}{self.__signature__} was called with {len(args)} positional arguments")
        attributes.update(zip(names, map(freeze, extra), strict=False))
        for name, value in kwargs.items():
            if name not in attributes:
                raise TypeError(f"{self.name}{self.__signature__} has no argument {name!r}")
            attributes[name] = freeze(value)
        return inputs, attributes

    def plan(self, specs: tuple[Spec, ...], attributes: dict[str, Any]) -> Plan:
        """Work out the output's spec, the casts that are needed, and the function that computes the value."""
        dtypes = self.casts(specs)
        cast = tuple([spec_of(s.shape, d) for s, d in zip(specs, dtypes, strict=True)])
        needed = any(s.weak or s.dtype != d for s, d in zip(specs, dtypes, strict=True))
        spec = self.spec(cast, **attributes)
        run: Rule = partial(self.value, np, **attributes) if attributes else partial(self.value, np)
        if any(s.narrow for s in (*cast, spec)) and not self.depends_on_ulp:
            run = _in_float32(run, spec.dtype)
        return Plan(spec, dtypes if needed else None, run)


class CallOperation(Operation):
    """An operation with a body: running it runs the body, and gives the values of all the body's nodes."""

    def plan(self, specs: tuple[Spec, ...], attributes: dict[str, Any]) -> Plan:
        """Take specs and function from the body."""
        return Plan(attributes["body"].specs, None, run_body(attributes["body"]))


class Composite(CallOperation):
    """An operation with a name and a body, a graph of other operations. It is shown as one node, or opened.

    `value` is written with tensors: ``(xp, *tensors, **attributes) -> tensor``, where `xp` is the `namespace`;
    its body is traced once for each set of specs and attributes. It may return several tensors, in a tuple. An engine
    may replace it by name.
    """

    def __init__(
        self,
        name: str,
        value: Rule,
        *,
        gradient_note: str,
        format: str,
        samples: list[Sample],
        doc: str,
        casts: Rule | None = None,
    ) -> None:
        self.bodies: dict[Any, Graph] = new_cache()
        super().__init__(
            name,
            value,
            spec=call_spec,
            casts=casts or preserve_dtypes,
            batch=requires_opening,
            cost=requires_opening,
            gradient_note=gradient_note,
            format=format,
            samples=samples,
            doc=doc,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        inputs, attributes = self.bind(args, kwargs)
        tensors = [as_tensor(a) for a in inputs]
        dtypes = self.casts(tuple([t.spec for t in tensors]))
        tensors = [t.cast_to(d) for t, d in zip(tensors, dtypes, strict=True)]
        try:
            body = self.body(tuple([t.spec for t in tensors]), attributes)
        except ChainruleError as error:
            raise error.with_line(line_of(current_source_info())) from None
        return call(self, tuple(tensors), attributes, body)

    def key(self, specs: tuple[Spec, ...], attributes: dict[str, Any]) -> Any:
        """Return the key under which a body is cached."""
        return specs, tuple(attributes.items())

    def body(self, specs: tuple[Spec, ...], attributes: dict[str, Any]) -> Graph:
        """Return the body's graph for these specs and attributes. With an unknown batch only its shapes are valid."""
        key = self.key(specs, attributes)
        body = self.bodies.get(key)
        if body is None:
            if len(self.bodies) > 1024:
                self.bodies.clear()
            sized = tuple([spec_of(with_placeholder(s.shape), s.dtype) for s in specs])
            body = self.bodies[key] = trace(partial(self.value, namespace(), **attributes), sized, self.name)
            body.has_placeholder = sized != specs
        return body


class DerivedCall(CallOperation):
    """The record of a call made by a transform (a composite's derivative): a name, and a body."""

    def __init__(self, name: str, gradient_note: str) -> None:
        self.name, self.gradient_note, self.format = name, gradient_note, name + "({0})"
        self.local = self.transpose = None
        self.reduces = False
        self.spec, self.casts, self.batch, self.cost = call_spec, preserve_dtypes, requires_opening, requires_opening
        self.plans = {}
        self.samples = []
        self.parameters = {}
        self.__doc__ = gradient_note


def _in_float32(run: Rule, dtype: np.dtype[Any]) -> Rule:
    """Compute in float32 and round once: NumPy computes little in bfloat16."""

    def run_wide(*arrays: Any) -> Any:
        return run(*[x.astype("float32") if x.dtype.name == "bfloat16" else x for x in arrays]).astype(dtype)

    return run_wide


def preserve_dtypes(specs: tuple[Spec, ...]) -> tuple[Any, ...]:
    """Keep each operand's dtype; a Python number takes its default dtype."""
    return tuple([s.dtype if not s.weak else promote_specs((s,)) for s in specs])


def call_spec(specs: tuple[Spec, ...], body: Graph, **attributes: Any) -> Any:
    """Return the specs of all the body's nodes."""
    return body.specs


def requires_opening(*args: Any, **kwargs: Any) -> Any:
    """Raise: a rule of primitives was applied to a call node."""
    raise GraphError("a call node used as a primitive", "its body to be opened", "use node.attributes['body']")


def run_body(body: Graph) -> Rule:
    """Return a function of the body's input arrays that returns the values of all its nodes."""

    def run(*arrays: Any) -> list[Any]:
        values = list(body.constants)
        values[: len(arrays)] = arrays
        with np.errstate(all="ignore"):
            for position, function, inputs in body.steps:
                values[position] = function(*[values[i] for i in inputs])
        return values

    return run


def call(record: Operation, inputs: tuple[Tensor, ...], attributes: dict[str, Any], body: Graph) -> Any:
    """Build a call node and return its output, or its outputs: `record` names it, `body` is what it computes.

    A body's only output depends on all its nodes, so it is at the last position, for any sizes.
    """
    node = apply(record, inputs, {**attributes, "body": body})
    if len(body.outputs) == 1:
        return get_output(node, -1)
    return tuple([get_output(node, body.position[n.serial]) for n in body.outputs])


def get_output(node: Node, position: int) -> Tensor:
    """Return the value at one position of a call node's body, as a tensor."""
    return apply(GET_OUTPUT, (node,), {"position": position})


class _GetOutput(Operation):
    """Takes one value out of a call node. Its gradient is the call's, so transforms treat it apart."""

    def __init__(self) -> None:
        self.name, self.format, self.gradient_note = (
            "get_output",
            "{0}",
            "get_output passes the gradient to the call it reads",
        )
        self.local = self.transpose = None
        self.plans = {}
        self.samples = []

    def plan(self, specs: tuple[Any, ...], attributes: dict[str, Any]) -> Plan:
        position = attributes["position"]
        return Plan(specs[0][position], None, lambda values: values[position])


GET_OUTPUT = _GetOutput()


def trace(function: Rule, specs: tuple[Spec, ...], name: str = "") -> Graph:
    """Return the graph that `function` builds on symbolic tensors of these specs."""
    from ..graph.source_info import SourceInfo, source_info_scope

    inputs = [symbolic(s.shape, s.dtype) for s in specs]
    with source_info_scope(SourceInfo(name, None, 0)):
        result = function(*inputs)
    outputs = result if isinstance(result, list | tuple) else (result,)
    return Graph(inputs, [as_tensor(t) for t in outputs])


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


def attributes_of(node: Node) -> dict[str, Any]:
    """Return a node's attributes without its body, as its record's rules take them."""
    if "body" in node.attributes:
        return {k: v for k, v in node.attributes.items() if k != "body"}
    return node.attributes or NO_ATTRIBUTES
