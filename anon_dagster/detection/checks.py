"""Check digits and the like: computed by libraries, where those are installed.

The extra ``detection`` brings python-stdnum, which knows the numbers that states and banks give.
Without it a pattern alone decides, and says less.
"""

import ipaddress
from collections.abc import Callable
from functools import cache
from importlib import import_module

from anon_dagster.facts import known_rows
from anon_dagster.facts.vocabulary import country_codes

Check = Callable[[str], bool]

STATES = (
    ("fr.nir", "national_id"),
    ("it.codicefiscale", "national_id"),
    ("br.cpf", "national_id"),
    ("pl.pesel", "national_id"),
    ("se.personnummer", "national_id"),
    ("dk.cpr", "national_id"),
    ("fi.hetu", "national_id"),
    ("no.fodselsnummer", "national_id"),
    ("nl.bsn", "national_id"),
    ("be.nn", "national_id"),
    ("ch.ssn", "national_id"),
    ("cn.ric", "national_id"),
    ("ro.cnp", "national_id"),
    ("cz.rc", "national_id"),
    ("bg.egn", "national_id"),
    ("ee.ik", "national_id"),
    ("lv.pk", "national_id"),
    ("tr.tckimlik", "national_id"),
    ("za.idnr", "national_id"),
    ("mx.curp", "national_id"),
    ("cl.rut", "national_id"),
    ("kr.rrn", "national_id"),
    ("il.idnr", "national_id"),
    ("hr.oib", "national_id"),
    ("si.emso", "national_id"),
    ("pt.cc", "national_id"),
    ("ca.sin", "national_id"),
    ("gb.nhs", "medical_record_number"),
    ("de.idnr", "tax_id"),
    ("at.vnr", "national_id"),
    ("gr.amka", "national_id"),
    ("is_.kennitala", "national_id"),
    ("my.nric", "national_id"),
    ("th.pin", "national_id"),
    ("id.nik", "national_id"),
    ("ec.ci", "national_id"),
    ("ua.rntrc", "national_id"),
    ("ru.inn", "tax_id"),
    ("br.cnpj", "tax_id"),
    ("mx.rfc", "tax_id"),
    ("it.iva", "tax_id"),
    ("es.cif", "tax_id"),
    ("pt.nif", "tax_id"),
    ("ar.cuit", "tax_id"),
    ("eu.vat", "tax_id"),
    ("in_.gstin", "tax_id"),
    ("fr.siret", "tax_id"),
    ("pl.nip", "tax_id"),
    ("au.tfn", "tax_id"),
    ("au.abn", "tax_id"),
)
"""Numbers of many states, by their module in python-stdnum, and the domain of each."""


@cache
def has_stdnum() -> bool:
    """Tell whether python-stdnum is installed."""
    return stdnum("luhn") is not None


def check_of(name: str) -> Check | None:
    """Return the check of that name; ``None`` if it needs a library that is not installed."""
    own = {"ipv6": _ipv6, "icd10": _icd10, "bic": _bic}
    if name in own:
        return own[name]
    modules = {"card": ("luhn",), "imei": ("luhn",), "iban": ("iban",), "dni": ("es.dni", "es.nie")}
    parts = [stdnum(module) for module in modules[name]]
    if not all(parts):
        return None
    return lambda value: any(part(_compact(value)) for part in parts if part)


@cache
def stdnum(module: str) -> Check | None:
    """Return the validation of a module of python-stdnum, if it is there."""
    try:
        is_valid: Check = import_module(f"stdnum.{module}").is_valid
    except ImportError:
        return None

    def valid(value: str) -> bool:
        try:
            return is_valid(value)
        except Exception:  # noqa: BLE001 (whatever trips over a value would quote it)
            return False

    return valid


def _compact(value: str) -> str:
    return value.replace(" ", "").replace("-", "").upper()


def _ipv6(value: str) -> bool:
    try:
        ipaddress.IPv6Interface(value)
    except ValueError:
        return False
    return ":" in value


def _icd10(value: str) -> bool:
    return bool(known_rows("icd10", [value.rstrip("-*+†")]))


def _bic(value: str) -> bool:
    return value[4:6].casefold() in country_codes(2)
