"""Networks on the Hugging Face hub: read with all that stands beside them, written with a page that tells it."""

from __future__ import annotations

import contextlib
import importlib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from resnetlab.core.errors import CheckpointError, DownloadError, ResnetlabError
from resnetlab.weights.description import DESCRIPTION, WEIGHTS
from resnetlab.weights.hub_page import figures_of, write_model_card
from resnetlab.weights.loading import load_checkpoint
from resnetlab.weights.reading import file_sha256
from resnetlab.weights.saving import card_of

BESIDE = (DESCRIPTION, "config.json", "preprocessor_config.json")
OLDER_WEIGHTS = "pytorch_model.bin"
DOWNLOADED = (WEIGHTS, OLDER_WEIGHTS, *BESIDE)
SHA256 = re.compile(r"[0-9a-f]{64}")
MOST_BEGINNINGS = 5  # of one download
LOG_IN = "log in: hf auth login, or set HF_TOKEN"


def load_from_hub(repo_id: str, revision: str | None = None) -> nn.Module:
    """The network of a repository, built and filled, in evaluation mode; `.card` tells what is known of it.

    Only weights and their descriptions are downloaded, to the hub's own cache; never code. Without a network, what the
    cache holds is taken.

    Args:
        repo_id: "user/repo", with files of resnetlab, or a ResNet of transformers or timm.
        revision: a branch, a tag or a commit; None: the main branch.

    Raises:
        DownloadError: no network, and nothing in the cache.
        ResnetlabError: no such repository or revision, no permission, or the extra `hub` is not installed.
        CheckpointError, WeightsError: as of `load_checkpoint`; or a file is not the one that the hub told of.
    """
    folder = download_weights(repo_id, revision).parent
    model = load_checkpoint(folder)
    if not (folder / DESCRIPTION).exists():
        source = f"hf:{repo_id}@{folder.name[:12]}"  # the folder is named by the commit
        model.card = replace(card_of(model), source=source)
    return model


def download_weights(repo_id: str, revision: str | None = None) -> Path:
    """The place of a repository's weights in the hub's cache, with their descriptions beside them.

    Args:
        repo_id: "user/repo".
        revision: a branch, a tag or a commit; None: the main branch.

    Raises:
        DownloadError, ResnetlabError, CheckpointError: as of `load_from_hub`.
    """
    hub = need("huggingface_hub")
    with hub_errors(repo_id):
        for name in (WEIGHTS, OLDER_WEIGHTS):
            folder = hub.snapshot_download(
                repo_id, revision=revision, allow_patterns=[name, *BESIDE], tqdm_class=_bar_that_gives_up()
            )
            if (weights := Path(folder) / name).exists():
                _check_hashes(Path(folder))
                return weights
    raise CheckpointError(f"{repo_id} on the hub has no weights\nlooked for: {WEIGHTS}, {OLDER_WEIGHTS}")


def _bar_that_gives_up() -> type:
    """The client's progress bar, which also ends a download that never gets to its end.

    The client tries again for as long as anything comes, for ever where a server breaks off late and then begins anew
    each time. Of every beginning the bar is told as of a step back.
    """
    bar: Any = need("huggingface_hub.utils").tqdm

    class BarThatGivesUp(bar):  # type: ignore[misc]  # imported only where it is needed
        beginnings = 1

        def update(self, n: float | None = 1) -> bool | None:
            self.beginnings += (n or 0) < 0
            if self.beginnings > MOST_BEGINNINGS:
                raise OSError(f"it broke off {MOST_BEGINNINGS} times and began anew each time")
            return bool(super().update(n))

    return BarThatGivesUp


def _check_hashes(folder: Path) -> None:
    """Pass where every file is the one that the hub told of; the hub's own client looks at lengths alone.

    Large files lie in the cache under their SHA-256, and the folder has links to them.

    Raises:
        CheckpointError: names the file, both hashes and the remedy.
    """
    for name in DOWNLOADED:
        blob = (folder / name).resolve()
        if not SHA256.fullmatch(blob.name) or not blob.is_file():
            continue
        found = file_sha256(blob)
        if found != blob.name:
            raise CheckpointError(
                f"{folder / name}: checksum error: the hub says that its SHA-256 is {blob.name}, it is {found}\n"
                f"remove {blob} and fetch it again"
            )


def push_to_hub(folder: Path | str, repo_id: str, *, private: bool = False, token: str | None = None) -> str:
    """Put a saved network on the hub with its page and figures, in one commit; gives the page's address.

    Args:
        folder: a run folder, or what `save` wrote.
        repo_id: "user/repo"; made where it is not there, else its files of these names are replaced.
        private: a repository that is made is for its owner alone.
        token: with the right to write; None: the one that is logged in.

    Raises:
        CheckpointError: the folder holds no network of resnetlab, or a damaged one.
        DownloadError: no network.
        ResnetlabError: no permission, or the extra `hub` is not installed.
    """
    hub, place = need("huggingface_hub"), Path(folder)
    page = write_model_card(place, repo_id).encode()
    files = [place / WEIGHTS, place / DESCRIPTION, *figures_of(place)]
    operations = [hub.CommitOperationAdd("README.md", page)]
    operations += [hub.CommitOperationAdd(file.relative_to(place).as_posix(), file) for file in files]
    api = hub.HfApi(token=token)
    with hub_errors(repo_id):
        made = api.create_repo(repo_id, private=private, exist_ok=True)
        api.create_commit(made.repo_id, operations, commit_message=f"Put {place.resolve().name} here")
    return str(made)


def need(package: str) -> Any:
    """A package of the extra `hub`.

    Raises:
        ResnetlabError: it is not installed.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise ResnetlabError(f"this needs {package}, which is not installed\npip install 'resnetlab[hub]'") from error


@contextlib.contextmanager
def hub_errors(repo_id: str) -> Iterator[None]:
    """What the hub's client may raise inside, as errors of ours.

    Args:
        repo_id: what is asked for.
    """
    errors, constants = need("huggingface_hub.errors"), need("huggingface_hub.constants")
    where = f"{constants.ENDPOINT}/{repo_id}"
    try:
        yield
    except errors.HFValidationError as error:
        raise ResnetlabError(f"{repo_id!r} names no repository of the hub\nwrite user/repo") from error
    except errors.GatedRepoError as error:
        raise ResnetlabError(f"{repo_id} is gated\nask its owner for access at {where}, then {LOG_IN}") from error
    except errors.RevisionNotFoundError as error:
        raise ResnetlabError(f"{repo_id} has no such revision\nsee {where}/tree/main") from error
    except errors.RepositoryNotFoundError as error:
        raise ResnetlabError(f"no {repo_id} on the hub, or it is private\nsee {where}, or {LOG_IN}") from error
    except errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", "an error")
        remedy = f"give a token that may do this, or {LOG_IN}" if status in (401, 403) else "try again later"
        raise DownloadError(f"{where}: the hub answers {status}\n{remedy}") from error
    except (OSError, errors.EntryNotFoundError, *_connection_errors()) as error:
        raise DownloadError(
            f"{where} cannot be reached: {_reason(error)}\n"
            f"where there is a network: hf download {repo_id}\n"
            f"then bring what it made to {constants.HF_HUB_CACHE}/models--{repo_id.replace('/', '--')}"
        ) from error


def _connection_errors() -> tuple[type[Exception], ...]:
    """What the client's own client raises; which that is has changed between its versions."""
    found: list[type[Exception]] = []
    for package, name in (("httpx", "TransportError"), ("httpx2", "TransportError"), ("requests", "ConnectionError")):
        with contextlib.suppress(ModuleNotFoundError):
            found.append(getattr(importlib.import_module(package), name))
    return tuple(found)


def _reason(error: BaseException) -> str:
    """The first line of the first cause."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).strip() or type(error).__name__).splitlines()[0]
