"""What was measured on, and with which code."""

from __future__ import annotations

from pydantic import Field

from repro.records.base import Record


class Gpu(Record):
    """The measured GPU. ``identity`` is a salted hash: no serial and no UUID is stored.

    Where a bundle is imported, what its source does not say is None.
    """

    name: str
    identity: str | None
    index: int | None
    memory_bytes: int | None
    driver: str | None
    cuda_driver: str | None
    vbios: str | None
    power_limit_w: float | None
    persistence: bool | None
    ecc: bool | None
    simulated: bool


class Machine(Record):
    """The machine, by allow-list: what is not named here is not recorded."""

    gpu: Gpu | None
    cpu: str
    cpu_cores: int
    ram_bytes: int
    os: str
    kernel: str
    container: str | None


class CodeIdentity(Record):
    """The code that measured."""

    version: str
    commit: str | None
    dirty: bool | None


#: How registries name an image by content.
DIGEST = r"^sha256:[0-9a-f]{64}$"


class Image(Record):
    """The container image a run was made in.

    ``lock_sha256`` is by ``environment/file``; ``digest`` is what the operator says it is.
    """

    base: str
    stack: str
    lock_sha256: dict[str, str]
    digest: str | None = Field(default=None, pattern=DIGEST)
