"""Records what any module computes, operation by operation, below the level of modules and of how it was written.

A dispatch mode sees every operator that PyTorch runs, whether a layer, a function or a sign asked for it. The run
happens on a copy without numbers, so it costs nothing and leaves nothing behind.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from resnetlab.analysis.calls import Call, Calls, MadeBy
from resnetlab.analysis.graph import Graph, Operation
from resnetlab.analysis.operations import NORMS, POOLS, PRODUCTS, ROLES, WITHOUT_OPTIONS, kind_of
from resnetlab.analysis.tracing import tensors_in
from resnetlab.analysis.untouched import run_without_data, weightless_copy
from resnetlab.core.errors import ResnetlabError


def record_graph(model: nn.Module, input_size: tuple[int, ...]) -> Graph:
    """Records the computation of a module in evaluation mode on one image; the module itself is not touched.

    A module that looks at numbers is run once more with some: on an image of zeros, on the CPU.

    Args:
        model: any module that takes one tensor.
        input_size: one image, (channels, height, width).

    Raises:
        ResnetlabError: the model cannot take this size, or cannot be copied.
    """
    try:
        return _recorded(weightless_copy(model), input_size, "meta")
    except Exception as error:  # whatever a user's module raises
        if not _for_want_of_numbers(error):
            raise _did_not_run(model, input_size, error) from error
    try:
        return _recorded(copy.deepcopy(model).cpu(), input_size, "cpu")
    except Exception as error:
        raise _did_not_run(model, input_size, error) from error


def _for_want_of_numbers(error: BaseException | None) -> bool:
    """Whether it came of tensors that hold none: PyTorch says so in its messages."""
    while error is not None and error.__cause__ is not None:
        error = error.__cause__
    return isinstance(error, NotImplementedError) or "meta" in str(error).lower()


def _recorded(twin: nn.Module, input_size: tuple[int, ...], device: str) -> Graph:
    recorder = _Recorder(twin)
    twin.register_forward_pre_hook(recorder.begin)
    for name, module in twin.named_modules():
        module.register_forward_pre_hook(partial(recorder.enter, name))
        module.register_forward_hook(recorder.leave, always_call=True)
    twin.register_forward_hook(recorder.end)
    with recorder, Calls(twin, recorder.make_call):
        run_without_data(twin, input_size, device)
    if not recorder.outputs:
        raise ResnetlabError(
            f"{type(twin).__name__} gave no tensor that depends on its input\n"
            "a network to look into takes one batch of images and gives a tensor"
        )
    return Graph(tuple(recorder.operations), tuple(recorder.outputs), looked_at_numbers=device != "meta")


def _did_not_run(model: nn.Module, input_size: tuple[int, ...], error: Exception) -> ResnetlabError:
    if isinstance(error, ResnetlabError) and error.__cause__ is None:
        return error
    reason = (str(error.__cause__ or error).strip() or type(error).__name__).splitlines()[0][:160]
    return ResnetlabError(
        f"{type(model).__name__} did not run on one input of size {'×'.join(map(str, input_size))}:\n{reason}\n"
        "try another input size, and a module that takes one batch of images"
    )


class _Recorder(TorchDispatchMode):
    """Sees every operator while the module runs.

    Attributes:
        operations: so far.
        outputs: what the whole module gave.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations: list[Operation] = [Operation(0, "input", depends_on_input=True)]
        self.outputs: list[int] = []
        self._running: list[str] = []
        self._made_by: MadeBy | None = None
        self._value: dict[int, int] = {}  # of a tensor's identity, the operation that gave what it holds now
        self._sharing: dict[int, list[Tensor]] = {}  # the tensors in one storage; it also keeps them from being reused
        for name, tensor in (*model.named_parameters(), *model.named_buffers()):
            kind = "parameter" if isinstance(tensor, nn.Parameter) else "buffer"
            self._hold(tensor, self._add(kind, name=name, shape=tuple(tensor.shape)))

    def begin(self, module: nn.Module, inputs: Any) -> None:
        """The images are known from here on."""
        for tensor in tensors_in(inputs):
            self.operations[0] = Operation(0, "input", shape=tuple(tensor.shape), depends_on_input=True)
            self._hold(tensor, 0)

    def enter(self, name: str, module: nn.Module, inputs: Any) -> None:
        """A module begins to run."""
        self._running.append(name)

    def leave(self, module: nn.Module, inputs: Any, output: Any) -> None:
        """The module that ran last has ended."""
        self._running.pop()

    def end(self, module: nn.Module, inputs: Any, output: Any) -> None:
        """The whole module gave this."""
        known = (self._known(tensor) for tensor in tensors_in(output) if id(tensor) in self._value)
        self.outputs = [index for index in known if self.operations[index].depends_on_input]

    def make_call(self, call: Call, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Makes a call of an adding or squashing function, whose operators are marked with it."""
        self._made_by = MadeBy(call, tuple(map(self._known, tensors_in((args, kwargs)))))
        try:
            return func(*args, **kwargs)
        finally:
            self._made_by = None

    def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        tensors, options = self._arguments(operator, args, kwargs)
        inputs = tuple((role, self._known(tensor)) for role, tensor in tensors)
        result = operator(*args, **kwargs)
        first = next(iter(operator._schema.arguments), None)
        in_place = first is not None and first.alias_info is not None and first.alias_info.is_write
        name = operator._schema.name.split("::")[1]
        written = in_place and name.endswith("_")
        kind = kind_of(name.removesuffix("_") if written else name, options)
        kind, inputs = self._settled(kind, inputs)
        options = {} if kind in WITHOUT_OPTIONS else options
        for place, tensor in enumerate(self._given(kind, result)):
            told = options | ({"output": place} if place else {})
            index = self._add(kind, inputs, told, tuple(tensor.shape), in_place=written)
            if written:
                self._overwrite(tensor, index)
            else:
                self._hold(tensor, index)
        return result

    def _arguments(self, operator: Any, args: Any, kwargs: Any) -> tuple[list[tuple[str, Tensor]], dict[str, Any]]:
        """The tensors among an operator's arguments, with their roles, and its other arguments."""
        tensors: list[tuple[str, Tensor]] = []
        options: dict[str, Any] = {}
        for place, argument in enumerate(operator._schema.arguments):
            value = args[place] if place < len(args) else kwargs.get(argument.name, argument.default_value)
            found = list(tensors_in(value))
            tensors += [(ROLES.get(argument.name, argument.name), tensor) for tensor in found]
            if not found and argument.name not in ("device", "layout", "pin_memory", "dtype"):
                options[argument.name] = value
        return tensors, options

    def _settled(self, kind: str, inputs: tuple[tuple[str, int], ...]) -> tuple[str, tuple[tuple[str, int], ...]]:
        """A product with weights is a linear layer; a copy takes only what it copies."""
        if kind == "copy":
            return kind, tuple((role, index) for role, index in inputs if role == "src")
        if kind not in PRODUCTS and kind != "linear":
            return kind, inputs
        data = [pair for pair in inputs if self.operations[pair[1]].depends_on_input]
        fixed = [index for _, index in inputs if not self.operations[index].depends_on_input]
        if len(data) != 1 or not fixed:
            return "product", inputs
        weights = [index for index in fixed if len(self.operations[index].shape) > 1]
        biases = [index for index in fixed if index not in weights]
        named = [("input", data[0][1]), *(("weight", at) for at in weights[:1]), *(("bias", at) for at in biases[:1])]
        return ("linear" if weights else "product"), tuple(named)

    def _given(self, kind: str, result: Any) -> Iterator[Tensor]:
        given = tensors_in(result)
        if kind in NORMS or kind in POOLS or kind.startswith("_scaled_dot_product"):
            yield next(given)  # what else these give serves their gradients
        else:
            yield from given

    def _add(
        self,
        kind: str,
        inputs: tuple[tuple[str, int], ...] = (),
        options: dict[str, Any] | None = None,
        shape: tuple[int, ...] = (),
        in_place: bool = False,
        name: str = "",
    ) -> int:
        index = len(self.operations)
        self.operations.append(
            Operation(
                index,
                kind,
                tuple(at for _, at in inputs),
                tuple(role for role, _ in inputs),
                options or {},
                shape,
                self._running[-1] if self._running else "",
                in_place,
                name,
                any(self.operations[at].depends_on_input for _, at in inputs),
                self._made_by,
            )
        )
        return index

    def _known(self, tensor: Tensor) -> int:
        if id(tensor) not in self._value:
            alike = (other for other in self._sharing.get(_storage(tensor), ()) if other.shape == tensor.shape)
            twin = next(alike, None)
            index = self._add("constant", shape=tuple(tensor.shape)) if twin is None else self._value[id(twin)]
            self._hold(tensor, index)
        return self._value[id(tensor)]

    def _hold(self, tensor: Tensor, index: int) -> None:
        if id(tensor) not in self._value:
            self._sharing.setdefault(_storage(tensor), []).append(tensor)
        self._value[id(tensor)] = index

    def _overwrite(self, tensor: Tensor, index: int) -> None:
        """All that share the tensor's memory hold something new: the same, or partly the same."""
        self._hold(tensor, index)
        for other in self._sharing[_storage(tensor)]:
            if other is not tensor:
                was = self._value[id(other)]
                whole = other.numel() == tensor.numel()
                parts = (("input", was), ("update", index))
                self._value[id(other)] = index if whole else self._add("update", parts, {}, tuple(other.shape))


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata
