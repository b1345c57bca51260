"""The aggregator's own certificate authority (EC P-256, RFC 5280): one for the broker, one for ingest, one a terminal.

The identity of a terminal is the common name of its certificate, and the broker makes it the MQTT username and client
id. The name is set by us from the registry, never taken from what a request asks for.
"""

import datetime as dt
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from server import AdmissionError, StartError
from sync.keys import new_transport_key

CA_DAYS = 20 * 365
OWN_DAYS = 365
TERMINAL_DAYS = 90
RENEW_DAYS = 30
INGEST = "hazri-ingest"
# Machines come up with clocks that are off: a certificate is valid from a day before it was made (S2).
_BACKDATE = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """The CA's key and its certificate."""

    key: EllipticCurvePrivateKey
    certificate: x509.Certificate


def new_authority(key: EllipticCurvePrivateKey, now: dt.datetime, name_suffix: str = "") -> Authority:
    """A self-signed CA that may sign end certificates only (path length 0); a later one is called something else."""
    name = _name(f"Hazri CA {name_suffix}".rstrip())
    certificate = (
        _builder(name, name, key.public_key(), now, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(sign_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(key, certificate)


def broker_certificate(
    authority: Authority, key: EllipticCurvePrivateKey, hosts: tuple[str, ...], now: dt.datetime
) -> x509.Certificate:
    """The broker's certificate for localhost, 127.0.0.1 and `hosts` (names or addresses)."""
    names = x509.SubjectAlternativeName([_host(h) for h in dict.fromkeys(("localhost", "127.0.0.1", *hosts))])
    builder = _end_entity(authority, "hazri-broker", key.public_key(), now, OWN_DAYS, ExtendedKeyUsageOID.SERVER_AUTH)
    return builder.add_extension(names, critical=False).sign(authority.key, hashes.SHA256())


def node_certificate(
    authority: Authority, key: EllipticCurvePrivateKey, hosts: tuple[str, ...], now: dt.datetime
) -> x509.Certificate:
    """A node's of a cluster, by `hosts`: a server to clients, and both to the other nodes."""
    names = x509.SubjectAlternativeName([_host(h) for h in dict.fromkeys(hosts)])
    both = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
    builder = _end_entity(authority, "hazri-broker", key.public_key(), now, OWN_DAYS, *both)
    return builder.add_extension(names, critical=False).sign(authority.key, hashes.SHA256())


def client_certificate(
    authority: Authority, name: str, public: EllipticCurvePublicKey, now: dt.datetime, days: int
) -> x509.Certificate:
    """A client certificate whose common name is `name`."""
    builder = _end_entity(authority, name, public, now, days, ExtendedKeyUsageOID.CLIENT_AUTH)
    return builder.sign(authority.key, hashes.SHA256())


def revocation_list(authority: Authority, serials: Iterable[int], made: dt.datetime) -> bytes:
    """The CRL (RFC 5280, section 5) as PEM. One that is to take another's place must be made in a later second.

    It never runs out before the CA does: it is written by who keeps the registry, and an old one is better than none.
    """
    key = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    # As backdated as our certificates: a clock that is put back must not lock everybody out.
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(made - _BACKDATE)
        .next_update(authority.certificate.not_valid_after_utc)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key), critical=False)
        .add_extension(x509.CRLNumber(int(made.timestamp())), critical=False)
    )
    for serial in sorted(serials):
        one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(made - _BACKDATE).build()
        builder = builder.add_revoked_certificate(one)
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def read_lists(data: bytes) -> tuple[set[x509.Name], set[int]]:
    """Who issued the CRLs in a PEM file, and what they list together; those that cannot be read are not there."""
    issuers: set[x509.Name] = set()
    serials: set[int] = set()
    end = b"-----END X509 CRL-----\n"
    for part in data.split(end)[:-1]:
        try:
            one = x509.load_pem_x509_crl(part + end)
        except ValueError:
            continue
        issuers.add(one.issuer)
        serials.update(revoked.serial_number for revoked in one)
    return issuers, serials


def renew(authorities: Iterable[Authority], der: bytes, terminal: str, now: dt.datetime) -> x509.Certificate:
    """A new certificate for the key of an old one of ours, by the first of `authorities`. Raises AdmissionError.

    Who sends it came in with it or its successor (the broker saw to that), so it holds the key; a certificate that
    was made out for somebody else, or that another authority signed, is refused. One that ran out is not: the line it
    came over was judged by the broker.
    """
    first, *others = authorities
    try:
        old = x509.load_der_x509_certificate(der)
        names = [a.value for a in old.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        public = old.public_key()
        ours = any(_signed_by(old, one) for one in (first, *others))
    except Exception as error:  # noqa: BLE001 - a hostile certificate makes the parser raise many kinds; all mean "no"
        raise AdmissionError(f"the certificate to renew cannot be read: {error}") from None
    if not ours or names != [terminal] or not isinstance(public, EllipticCurvePublicKey):
        raise AdmissionError(f"the certificate to renew is not one of ours for {terminal}")
    return client_certificate(first, terminal, public, now, TERMINAL_DAYS)


def serial_of(certificate: x509.Certificate) -> str:
    """As the ledger keeps it."""
    return f"{certificate.serial_number:x}"


def serial_of_der(data: bytes) -> str:
    return serial_of(x509.load_der_x509_certificate(data))


def sign_request(authority: Authority, csr_pem: str, terminal: str, now: dt.datetime) -> x509.Certificate:
    """Certify the key of a terminal's certificate request for 90 days. Raises AdmissionError.

    The request must be signed by its own key (so its sender holds that key), ask for exactly the terminal's id, and
    be EC P-256; whatever else it asks for is ignored.
    """
    try:
        csr = x509.load_pem_x509_csr(csr_pem.encode())
        names = [a.value for a in csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        public, signed = csr.public_key(), csr.is_signature_valid
    except Exception as error:  # noqa: BLE001 - a hostile request makes the parser raise many kinds; all mean "no"
        raise AdmissionError(f"the certificate request cannot be read: {error}") from None
    if names != [terminal]:
        raise AdmissionError(f"the certificate request is not for {terminal}: its common name differs")
    if not isinstance(public, EllipticCurvePublicKey) or not isinstance(public.curve, SECP256R1):
        raise AdmissionError("the certificate request's key is not EC P-256")
    if not signed:
        raise AdmissionError("the certificate request is not signed by its own key")
    return client_certificate(authority, terminal, public, now, TERMINAL_DAYS)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def load_certificate(data: bytes, where: str) -> x509.Certificate:
    """Raises StartError naming `where`."""
    try:
        return x509.load_pem_x509_certificate(data)
    except ValueError as error:
        raise StartError(f"{where}: not a PEM certificate ({error})") from None


def check_hosts(hosts: tuple[str, ...]) -> None:
    """Raises StartError naming a host that no certificate can hold."""
    for host in hosts:
        try:
            _host(host)
        except ValueError:
            raise StartError(
                f"[broker] host or public_host {host!r}: write the name in ASCII (as `xn--…` where it is in another "
                "script), or an address"
            ) from None


def still_good(
    certificate: x509.Certificate,
    authority: Authority,
    key: EllipticCurvePrivateKey,
    hosts: tuple[str, ...],
    now: dt.datetime,
) -> bool:
    """Is this one of ours for this key, with more than 30 days to go and all of `hosts` in it?"""
    if certificate.not_valid_after_utc - now < dt.timedelta(days=RENEW_DAYS) or certificate.not_valid_before_utc > now:
        return False
    if certificate.public_key() != key.public_key() or certificate.issuer != authority.certificate.subject:
        return False
    try:
        certificate.verify_directly_issued_by(authority.certificate)
        if not hosts:
            return True
        named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:  # noqa: BLE001 - bad signature or no such extension: make a new one
        return False
    return all(_host(host) in named for host in hosts)


def make_own_key() -> EllipticCurvePrivateKey:
    return new_transport_key()


def _signed_by(certificate: x509.Certificate, authority: Authority) -> bool:
    try:
        certificate.verify_directly_issued_by(authority.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _end_entity(
    authority: Authority,
    name: str,
    public: EllipticCurvePublicKey,
    now: dt.datetime,
    days: int,
    *usages: x509.ObjectIdentifier,
) -> x509.CertificateBuilder:
    issuer = authority.certificate
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        _builder(_name(name), issuer.subject, public, now, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, public: EllipticCurvePublicKey, now: dt.datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + dt.timedelta(days=days))
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )
