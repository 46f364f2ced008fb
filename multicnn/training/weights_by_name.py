"""Pretrained weights that can be had by name: where they are, what is known of them, and how they get into the cache.

Nothing is downloaded but what was named. The variable MULTICNN_WEIGHTS_MIRROR names a folder or the URL of one that has the files,
under the last part of their addresses, and is asked instead.
"""

from __future__ import annotations

import dataclasses
import hashlib
import http.client
import os
import urllib.request
from pathlib import Path

from multicnn.data import cache
from multicnn.utils.files import atomic_file, read_json, write_json
from multicnn.utils.reporter import Reporter

MIRROR = "MULTICNN_WEIGHTS_MIRROR"
_CHUNK = 2**20
_SECONDS = 30  # without an answer
_SLACK = 1.05  # times the stated size, at most
_RECORD = "checksums.json"  # of what was downloaded, by file name


@dataclasses.dataclass(frozen=True)
class NamedWeights:
    """Weights that can be had by name.

    Attributes:
        model: The name of the model in `multicnn models`.
        url: Where the file is.
        megabytes: Its size in units of 2**20 bytes, about.
        licence: What its publisher says of it.
        checksum: "md5:..." or "sha256:...", in full or its first digits; "" where none is known before the first download.
    """

    model: str
    url: str
    megabytes: float
    licence: str
    checksum: str = ""

    @property
    def file_name(self) -> str:
        """The name of the file."""
        return self.url.rpartition("/")[2]


def _keras(model: str, megabytes: float, licence: str, md5: str) -> NamedWeights:
    folder = "resnet" if model.startswith("resnet") else model
    base = "https://storage.googleapis.com/tensorflow/keras-applications"
    url = f"{base}/{folder}/{model}_weights_tf_dim_ordering_tf_kernels.h5"
    return NamedWeights(model, url, megabytes, licence, f"md5:{md5}")


def _torchvision(model: str, stem: str, digits: str, megabytes: float) -> NamedWeights:
    # The digits in the name are the first of its SHA-256, which torch.hub compares.
    url = f"https://download.pytorch.org/models/{stem}-{digits}.pth"
    return NamedWeights(
        model, url, megabytes, "BSD-3-Clause (of the code; none is stated for the weights)", f"sha256:{digits}"
    )


_OXFORD, _HE = "CC BY 4.0 (VGG, Oxford)", "MIT (He et al.)"

NAMED: dict[str, NamedWeights] = {
    "keras:vgg16": _keras("vgg16", 528, _OXFORD, "64373286793e3c8b2b4e3219cbf3544b"),
    "keras:vgg19": _keras("vgg19", 549, _OXFORD, "cbe5617147190e668d6c5d5026f83318"),
    "keras:resnet50": _keras("resnet50", 98, _HE, "2cb95161c43110f7111970584f804107"),
    "keras:resnet101": _keras("resnet101", 171, _HE, "f1aeb4b969a6efcfb50fad2f0c20cfc5"),
    "keras:resnet152": _keras("resnet152", 232, _HE, "100835be76be38e30d865e96f2aaae62"),
    "torchvision:alexnet": _torchvision("alexnet_one_tower", "alexnet-owt", "7be5be79", 233),
    "torchvision:squeezenet": _torchvision("squeezenet", "squeezenet1_1", "b8a52dc0", 5),
    "torchvision:resnet18": _torchvision("resnet18", "resnet18", "f37072fd", 45),
    "torchvision:resnet34": _torchvision("resnet34", "resnet34", "b627a593", 83),
    "torchvision:resnet50": _torchvision("resnet50", "resnet50", "0676ba61", 98),
    "torchvision:resnet101": _torchvision("resnet101", "resnet101", "63fe2227", 171),
    "torchvision:resnet152": _torchvision("resnet152", "resnet152", "394f9c45", 230),
    "torchvision:vgg11": _torchvision("vgg11", "vgg11", "8a719046", 507),
    "torchvision:vgg13": _torchvision("vgg13", "vgg13", "19584684", 508),
    "torchvision:vgg16": _torchvision("vgg16", "vgg16", "397923af", 528),
    "torchvision:vgg19": _torchvision("vgg19", "vgg19", "dcbb9e9d", 548),
}


def folder() -> Path:
    """Return the folder in the package's cache that holds what was downloaded."""
    return cache.home() / "weights"


def is_cached(name: str) -> bool:
    """Return whether the file of these weights has been downloaded."""
    return (folder() / NAMED[name].file_name).is_file()


def path_of(name: str, reporter: Reporter | None = None) -> Path:
    """Return the file of named weights, which is downloaded if the cache does not hold it.

    Args:
        name: A key of `NAMED`.
        reporter: Is told of a download.

    Raises:
        ValueError: It can be had from nowhere, or it is another file than the checksum says.
    """
    wanted, path = NAMED[name], folder() / NAMED[name].file_name
    if not path.is_file():
        mirror = os.environ.get(MIRROR)
        source = f"{_url(mirror)}/{wanted.file_name}" if mirror else wanted.url
        _download(name, source, path, reporter or Reporter())
        return path
    if not _matches(path, _expected(wanted)):
        raise ValueError(
            f"`start.path` names weights whose file in the cache is not what was downloaded: delete {path}. "
            f"Received: start.path={name!r}"
        )
    return path


def _url(mirror: str) -> str:
    """Return the URL of a mirror that may be the path of a folder."""
    return mirror.rstrip("/") if "://" in mirror else Path(mirror).resolve().as_uri()


def _download(name: str, source: str, path: Path, reporter: Reporter) -> None:
    wanted = NAMED[name]
    try:
        with atomic_file(path) as temporary:
            _fetch(name, source, temporary, reporter)
            if not _matches(temporary, _expected(wanted)):
                raise _Refused(f"what is there is another file: its checksum is not {_expected(wanted)}")
            _record(path.name, temporary)
    except (OSError, _Refused) as error:
        raise ValueError(
            f"`start.path` names weights that cannot be downloaded from {source} ({error}): offline, save the file as {path}, or "
            f"name a folder that has it by {MIRROR}. Received: start.path={name!r}"
        ) from None


class _Refused(Exception):
    """A file that is not there, or not what its checksum says."""


def _fetch(name: str, source: str, path: Path, reporter: Reporter) -> None:
    most = int(NAMED[name].megabytes * _SLACK * 2**20)
    try:
        with urllib.request.urlopen(source, timeout=_SECONDS) as answer, open(path, "wb") as file:
            reporter.warn(f"downloading {name}, {NAMED[name].megabytes:g} MB, from {source}")
            while chunk := answer.read(_CHUNK):
                if file.tell() + len(chunk) > most:
                    raise _Refused(f"what is there is larger than {most:,} bytes")
                file.write(chunk)
    except (OSError, ValueError, http.client.HTTPException) as error:  # urllib raises ValueError for what is no URL
        raise _Refused(getattr(error, "reason", None) or error) from None


def _expected(wanted: NamedWeights) -> str:
    """Return the checksum that is known: of the publisher, and in full once the file was downloaded."""
    return _recorded().get(wanted.file_name) or wanted.checksum


def _matches(path: Path, checksum: str) -> bool:
    kind, _, digits = checksum.partition(":")
    return not digits or _digest(path, kind).startswith(digits)


def _digest(path: Path, kind: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def _recorded() -> dict[str, str]:
    record = folder() / _RECORD
    return read_json(record) if record.is_file() else {}


def _record(file_name: str, path: Path) -> None:
    write_json(folder() / _RECORD, _recorded() | {file_name: f"sha256:{_digest(path, 'sha256')}"})
