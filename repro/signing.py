"""Keys, DSSE envelopes over in-toto statements, and the trust store.

A signature says who holds the key and that nothing changed since; who is to be trusted is
decided by a trust store and never by anything a bundle carries.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
    load_ssh_private_key,
    load_ssh_public_key,
)
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import Error as SecureSystemsError
from securesystemslib.signer import (  # type: ignore[attr-defined]  # it has no __all__
    CryptoSigner,
    SSlibKey,
)

from repro.errors import TtaError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

PAYLOAD_TYPE = "application/vnd.in-toto+json"
PASSPHRASE_VARIABLE = "TTA_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable, no secret
PRIVATE_NAME = "signing-key.pem"
PUBLIC_NAME = "signing-key.pub.pem"

PrivateKey = EllipticCurvePrivateKey | Ed25519PrivateKey
KeyOrigin = Literal["ephemeral", "operator"]


class SignatureError(TtaError):
    """An envelope or a key is malformed, or a signature does not verify."""


@dataclass(frozen=True)
class PublicKey:
    """A P-256 or Ed25519 public key."""

    pem: bytes

    @property
    def keyid(self) -> str:
        """SHA-256 of the DER form: ``openssl pkey -pubin -outform DER | sha256sum``.

        Not securesystemslib's own identifier, which hashes how that library writes a key and
        would tie old bundles to its release.
        """
        der = _read_public(self.pem).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(der).hexdigest()

    @property
    def fingerprint(self) -> str:
        """The identifier as it is shown to people."""
        return f"sha256:{self.keyid}"

    def for_library(self) -> Any:
        """Return the key as securesystemslib takes it."""
        return SSlibKey.from_crypto(_read_public(self.pem), keyid=self.keyid)


@dataclass(frozen=True)
class SigningKey:
    """A private key that can sign, and where it came from."""

    origin: KeyOrigin
    private: PrivateKey = field(repr=False)

    @property
    def public(self) -> PublicKey:
        """The half that may be shown."""
        return PublicKey(_public_pem(self.private.public_key()))

    def sign(self, statement: bytes) -> dict[str, Any]:
        """Wrap a statement into a signed DSSE envelope."""
        envelope = Envelope(statement, PAYLOAD_TYPE, {})
        envelope.sign(CryptoSigner(self.private, self.public.for_library()))
        return dict(envelope.to_dict())


@dataclass(frozen=True)
class TrustStore:
    """The public keys somebody decided to trust, by key id; each with a label."""

    keys: Mapping[str, tuple[str, PublicKey]] = field(default_factory=dict)

    @classmethod
    def shipped(cls) -> TrustStore:
        """Read the keys that came with the artifact."""
        return cls.load()

    @classmethod
    def load(
        cls, *, directories: Iterable[Path] = (), files: Iterable[Path] = (), shipped: bool = True
    ) -> TrustStore:
        """Read the shipped store, more directories of ``*.pem`` and single key files.

        The label of a key is the stem of its file; the first file to name a key gives it.

        Raises:
            UsageError: a directory or a file is missing, or holds no P-256 or Ed25519 public key.

        """
        paths = _shipped_keys() if shipped else []
        paths += [path for folder in directories for path in _keys_in(folder)]
        keys: dict[str, tuple[str, PublicKey]] = {}
        for path in (*paths, *files):
            key = load_public_key(path)
            keys.setdefault(key.keyid, (path.name.split(".")[0], key))
        return cls(keys)

    def find(self, keyid: str) -> tuple[str, PublicKey] | None:
        """Return the label and the key of an identifier, or None when it is not trusted."""
        return self.keys.get(keyid)


def ephemeral_key() -> SigningKey:
    """Make a P-256 key that lives in this process only."""
    return SigningKey("ephemeral", generate_private_key(SECP256R1()))


def load_signing_key(path: Path, *, ask: Callable[[], str] | None = None) -> SigningKey:
    """Read a PEM PKCS#8 or OpenSSH private key, P-256 or Ed25519.

    A passphrase is taken from the environment variable ``TTA_KEY_PASSPHRASE``, else from ``ask``.

    Raises:
        UsageError: the file cannot be read, is no such key, or the passphrase is missing or wrong.

    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"key {path}: cannot be read: {error.strerror}") from error
    try:
        key = _read_private(data, ask)
    except UnsupportedAlgorithm as error:
        raise UsageError(
            f"key {path}: {str(error).lower()}: an encrypted OpenSSH key needs `pip install bcrypt`"
        ) from error
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"key {path}: expected a PEM PKCS#8 or OpenSSH private key and its passphrase "
            f"(in {PASSPHRASE_VARIABLE}), found: {str(error).lower()}"
        ) from error
    if isinstance(key, Ed25519PrivateKey) or _is_p256(key):
        return SigningKey("operator", key)
    raise UsageError(f"key {path}: expected P-256 or Ed25519, found another kind of key")


def load_public_key(path: Path) -> PublicKey:
    """Read a public key, PEM or OpenSSH.

    Raises:
        UsageError: the file cannot be read, or holds no P-256 or Ed25519 public key.

    """
    try:
        return public_key(path.read_bytes())
    except OSError as error:
        raise UsageError(f"public key {path}: cannot be read: {error.strerror}") from error
    except SignatureError as error:
        raise UsageError(f"public key {path}: {error}") from error


def public_key(data: bytes) -> PublicKey:
    """Take a public key from its PEM or OpenSSH text.

    Raises:
        SignatureError: it is no P-256 or Ed25519 public key.

    """
    return PublicKey(_public_pem(_read_public(data)))


def open_envelope(envelope: Mapping[str, Any], key: PublicKey) -> bytes:
    """Return the payload of a DSSE envelope that holds one signature, made by ``key``.

    The caller must still check what the payload says. Signature per the DSSE v1 protocol.

    Raises:
        SignatureError: malformed, another payload type, not exactly one signature, or not by
            this key.

    """
    # a copy: from_dict takes the signatures of its argument apart
    copy = json.loads(json.dumps(envelope))
    try:
        opened = Envelope.from_dict(copy)
    except (KeyError, ValueError, TypeError, AttributeError, SecureSystemsError) as error:
        raise SignatureError("envelope is malformed") from error
    if opened.payload_type != PAYLOAD_TYPE:
        raise SignatureError(f"payload type expected {PAYLOAD_TYPE}, found another")
    fields = [set(signature) for signature in envelope["signatures"]]
    if fields != [{"keyid", "sig"}] or opened.to_dict() != envelope:
        raise SignatureError("envelope expected exactly one signature and canonical base64")
    if key.keyid not in opened.signatures:
        raise SignatureError("signature names another key")
    try:
        opened.verify([key.for_library()], 1)
    except (SecureSystemsError, ValueError) as error:
        raise SignatureError("signature does not verify with this key") from error
    return bytes(opened.payload)


def generate_key_files(folder: Path, *, passphrase: str | None = None) -> tuple[Path, Path]:
    """Write a new P-256 key pair: a private PKCS#8 file, mode 0600, and its public half.

    Raises:
        UsageError: one of the files exists, or the folder cannot be written.

    """
    private_path, public_path = folder / PRIVATE_NAME, folder / PUBLIC_NAME
    for path in (private_path, public_path):
        if path.exists():
            raise UsageError(
                f"{path}: exists already: choose another folder, keys are not replaced"
            )
    key = generate_private_key(SECP256R1())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_new(private_path, _private_pem(key, passphrase), mode=0o600)
        _write_new(public_path, _public_pem(key.public_key()), mode=0o644)
    except OSError as error:
        raise UsageError(f"{folder}: keys cannot be written: {error.strerror}") from error
    return private_path, public_path


def read_passphrase(path: Path) -> str:
    """Return the first line of a file.

    Raises:
        UsageError: the file cannot be read, or the line is empty.

    """
    try:
        passphrase = path.read_text().partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"passphrase file {path}: cannot be read as text") from error
    if not passphrase:
        raise UsageError(f"passphrase file {path}: expected a passphrase, found an empty line")
    return passphrase


def _shipped_keys() -> list[Path]:
    from repro.resources import data_root  # noqa: PLC0415 - not needed to sign

    return sorted((data_root() / "artifact" / "trust").glob("*.pem"))


def _keys_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise UsageError(f"trust directory {folder}: expected a directory, found none")
    found = sorted(folder.glob("*.pem"))
    if not found:
        raise UsageError(f"trust directory {folder}: expected public keys (*.pem), found none")
    return found


def _read_private(data: bytes, ask: Callable[[], str] | None) -> Any:
    load = load_ssh_private_key if b"OPENSSH PRIVATE KEY" in data else load_pem_private_key
    try:
        return load(data, None)
    except (TypeError, ValueError):
        passphrase = os.environ.get(PASSPHRASE_VARIABLE)
        if passphrase is None:
            if ask is None or not _looks_encrypted(data):
                raise
            passphrase = ask()
        return load(data, passphrase.encode())


def _looks_encrypted(data: bytes) -> bool:
    return b"ENCRYPTED" in data or b"OPENSSH" in data


def _read_public(data: bytes) -> EllipticCurvePublicKey | Ed25519PublicKey:
    load = load_pem_public_key if data.lstrip().startswith(b"-----") else load_ssh_public_key
    try:
        key = load(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SignatureError("expected a public key, found none") from error
    if isinstance(key, Ed25519PublicKey):
        return key
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    raise SignatureError("expected a P-256 or Ed25519 public key, found another kind")


def _is_p256(key: object) -> bool:
    return isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1)


def _public_pem(key: EllipticCurvePublicKey | Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _private_pem(key: PrivateKey, passphrase: str | None) -> bytes:
    encryption: KeySerializationEncryption = NoEncryption()
    if passphrase:
        encryption = BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def _write_new(path: Path, data: bytes, *, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
