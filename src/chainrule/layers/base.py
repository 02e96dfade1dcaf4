"""What a layer is to those who call it: a name, dtypes, the specs of its inputs, and a function.

`call`, `call_context`, `layer_call` and `shape_chain` know a layer by this class; `Layer` adds weights and calling.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.habits import no_call
from ..dtype_policies import DTypePolicy
from ..graph import Shape, line_of
from ..graph.source_info import SourceInfo
from .input_spec import InputSpec


class LayerBase:
    """The part of a `Layer` that its call needs.

    Attributes:
        name: unique among the layers of a model. dtype_policy: the dtypes of weights and of `call`.
        autocast: whether float inputs are cast to the compute dtype.
        input_spec: what the inputs must be, checked before `call`; ``None``: anything.
        supports_masking: whether the input's mask is the output's.
    """

    name: str
    dtype_policy: DTypePolicy
    autocast: bool
    input_spec: InputSpec | Sequence[InputSpec] | None = None
    supports_masking = False
    _source_line: str
    _source_info: SourceInfo | None

    @property
    def line(self) -> str:
        """The line of the user's code that made the layer."""
        return line_of(self._source_info) or self._source_line

    @property
    def compute_dtype(self) -> str:
        """The dtype in which `call` computes."""
        return self.dtype_policy.compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype in which weights are stored."""
        return self.dtype_policy.variable_dtype

    @property
    def dtype(self) -> str:
        """The same as `variable_dtype`."""
        return self.variable_dtype

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs; subclasses must define it."""
        raise no_call(self)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return the mask of the output; by default the input's if the layer `supports_masking`, else ``None``."""
        return previous_mask if self.supports_masking else None

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return symbolic outputs for symbolic inputs."""
        raise NotImplementedError(f"{type(self).__name__} must define compute_output_spec")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs."""
        return self.call(*args, **kwargs)

    def _advice(self, shape: Shape) -> str:
        """Return how to mend an input of this shape, which `input_spec` refuses."""
        return "reshape the input, or change the layer before"

    # ---- description
