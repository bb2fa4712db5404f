"""The zip of a bundle, in one canonical form: the same members always give the same bytes.

Written here rather than with ``zipfile``, whose header bytes may change between releases of
Python: the reader compares a bundle with what the writer would have made of its members, and
a bundle has to be readable forever.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_BYTES = 2_000_000_000
MAX_MEMBERS = 20_000

COMPONENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=@-]*")

# .ZIP File Format Specification 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_VERSION = 20
_UNIX = 3 << 8
_FIRST_OF_1980 = 0x21
_REGULAR = 0o100644


class ArchiveError(ValueError):
    """The bytes are not a zip as a bundle is one."""


def pack(members: Mapping[str, bytes]) -> bytes:
    """Make the zip: sorted names, stored, 1980-01-01, mode 0644.

    Raises:
        ArchiveError: a name is not portable, or there is too much.

    """
    size = sum(len(data) for data in members.values())
    if size > MAX_BYTES or len(members) > MAX_MEMBERS:
        raise ArchiveError(f"expected at most {MAX_MEMBERS} files and {MAX_BYTES} bytes")
    return b"".join(_pieces(members))


def unpack(data: bytes) -> dict[str, bytes]:
    """Read every member into memory, refusing whatever ``pack`` would not have written.

    Raises:
        ArchiveError: naming what is wrong with the zip or with one of its members.

    """
    _check_frame(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_members(archive.infolist(), len(data))
            members = {info.filename: archive.read(info) for info in archive.infolist()}
    except ArchiveError:
        raise
    except Exception as error:  # zipfile raises half a dozen unrelated types on damaged headers
        raise ArchiveError(f"damaged: {str(error).lower()}") from error
    if not _is_made_of(data, _pieces(members)):
        raise ArchiveError(
            "layout differs from what a bundle is written with: use the file as it was"
        )
    return members


def _pieces(members: Mapping[str, bytes]) -> Iterator[bytes]:
    """Yield the zip piece by piece, so that comparing one does not copy it."""
    directory, position = [], 0
    for name in sorted(members):
        _check_name(name)
        data, path = members[name], name.encode("ascii")
        common = (0, 0, 0, _FIRST_OF_1980, zlib.crc32(data), len(data), len(data), len(path), 0)
        place = (0, 0, 0, _REGULAR << 16, position)
        entry = _CENTRAL.pack(b"PK\x01\x02", _UNIX | _VERSION, _VERSION, *common, *place)
        directory.append(entry + path)
        yield _LOCAL.pack(b"PK\x03\x04", _VERSION, *common) + path
        yield data
        position += _LOCAL.size + len(path) + len(data)
    listing, count = b"".join(directory), len(members)
    yield listing
    yield _END.pack(b"PK\x05\x06", 0, 0, count, count, len(listing), position, 0)


def _is_made_of(data: bytes, pieces: Iterator[bytes]) -> bool:
    view, position = memoryview(data), 0
    for piece in pieces:
        if view[position : position + len(piece)] != piece:
            return False
        position += len(piece)
    return position == len(data)


def _check_frame(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise ArchiveError(f"expected at most {MAX_BYTES} bytes, found {len(data)}")
    if not data.startswith(b"PK\x03\x04"):
        raise ArchiveError(f"is no zip: {'something else begins it' if data else 'it is empty'}")
    if data[-_END.size :][:4] != b"PK\x05\x06":
        raise ArchiveError("expected the end record in the last 22 bytes: cut short or added to")


def _check_members(infos: list[zipfile.ZipInfo], limit: int) -> None:
    if len(infos) > MAX_MEMBERS:
        raise ArchiveError(f"expected at most {MAX_MEMBERS} files, found {len(infos)}")
    if sum(info.file_size for info in infos) > limit:
        raise ArchiveError("members claim more bytes than the zip has")
    seen: set[str] = set()
    for info in infos:
        _check_member(info)
        if info.filename.casefold() in seen:
            raise ArchiveError(f"duplicate name {info.filename}")
        seen.add(info.filename.casefold())


def _check_member(info: zipfile.ZipInfo) -> None:
    # orig_filename: zipfile cuts a name at NUL and translates the separators of some systems
    _check_name(info.orig_filename)
    if info.flag_bits & 0x1:
        raise ArchiveError(f"{info.filename}: encrypted")
    if info.external_attr >> 16 != _REGULAR:
        raise ArchiveError(f"{info.filename}: not a regular file of mode 0644")
    if info.compress_type != zipfile.ZIP_STORED:
        raise ArchiveError(f"{info.filename}: compressed: expected stored")


def _check_name(name: str) -> None:
    if not all(COMPONENT.fullmatch(part) for part in name.split("/")):
        raise ArchiveError(f"path not allowed: {name!a}")
