"""Reads what torch.distributed.checkpoint saved, and never runs anything that stands in it.

PyTorch's own reader unpickles the list of contents, and what is no tensor, whatever they are.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from torch.distributed.checkpoint.default_planner import DefaultLoadPlanner
from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.metadata import Metadata
from torch.distributed.checkpoint.planner import ReadItem

from resnetlab.core.errors import CheckpointError

KINDS = {
    "torch.distributed.checkpoint.metadata": (
        "Metadata",
        "MetadataIndex",
        "StorageMeta",
        "TensorStorageMetadata",
        "BytesStorageMetadata",
        "ChunkStorageMetadata",
        "TensorProperties",
        "_MEM_FORMAT_ENCODING",
    ),
    "torch.distributed.checkpoint.filesystem": ("_StorageInfo",),
    "torch.serialization": ("_get_layout",),
    "torch": ("Size",),
    "pathlib": ("PosixPath", "WindowsPath"),
}


class CautiousReader(FileSystemReader):
    """Reads a list of contents that is made of the kinds of things such a list needs, and of no other."""

    def read_metadata(self, *args: Any, **kwargs: Any) -> Metadata:
        """The list of contents.

        Raises:
            CheckpointError: there is none, it is damaged, or it asks for something else.
        """
        path = Path(self.path) / ".metadata"
        try:
            with path.open("rb") as file:
                metadata = _CautiousUnpickler(file).load()
            metadata.storage_meta.load_id = self.load_id
        except FileNotFoundError as error:
            raise CheckpointError(f"{path.parent} holds no whole checkpoint\ngo on from an older one") from error
        except Exception as error:  # a damaged pickle can fail in any way
            raise CheckpointError(f"{path} cannot be read: {error}\ngo on from an older one") from error
        return metadata


class CautiousPlanner(DefaultLoadPlanner):
    """Reads names as they are, and what is no tensor with `weights_only=True`."""

    def __init__(self) -> None:
        super().__init__(flatten_state_dict=False, flatten_sharded_tensors=False)

    def load_bytes(self, read_item: ReadItem, value: Any) -> None:
        """Take one thing that is no tensor."""
        self.state_dict[read_item.dest_index.fqn] = torch.load(value, weights_only=True)


class _CautiousUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        is_type = module == "torch" and isinstance(getattr(torch, name, None), torch.dtype)
        if is_type or name in KINDS.get(module, ()):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no checkpoint needs")
