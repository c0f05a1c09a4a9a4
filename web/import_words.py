"""What an import speaks of, as English msgids. Tested complete."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bastion.domain.importing import Register
from bastion.i18n import N_

REGISTERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Register.DEVICES: N_("Devices"),
        Register.SUPPLIERS: N_("Suppliers"),
        Register.TECHNICIANS: N_("Technicians"),
        Register.STAFF: N_("Hospital staff"),
        Register.PROFESSIONALS: N_("Authorised professionals"),
    }
)
COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "code": N_("code"), "login": N_("login"), "name": N_("name"), "facility": N_("facility"),
        "suppliers": N_("suppliers"), "supplier": N_("supplier"), "criticality": N_("criticality"),
        "ward": N_("ward"), "location": N_("room"), "maker": N_("maker"), "model": N_("model"),
        "serial": N_("serial number"), "active": N_("in use or not"), "networks": N_("networks"),
        "contract_end": N_("end of contract"), "contact": N_("contact"), "email": N_("e-mail"),
        "language": N_("language"), "valid_until": N_("end of validity"),
        "country": N_("country"), "countries": N_("countries"),
        "employer": N_("employer"), "contract_number": N_("contract number"),
        "contract_start": N_("beginning of contract"), "security_contact": N_("security contact"),
        "roles": N_("roles"), "facilities": N_("facilities"), "wards": N_("wards"),
        "title": N_("function"), "rpps": N_("RPPS number"), "since": N_("first day"), "until": N_("last day"),
    }
)  # fmt: skip
"""Every column an import knows, as people call it."""
TRUTHS: Final = {"yes": N_("yes"), "no": N_("no")}
EXAMPLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        Register.DEVICES: (
            "code;nom;etablissement;fournisseurs;criticite;service;localisation;marque;modele;numero de serie;actif"
        ),
        Register.SUPPLIERS: (
            "code;nom;reseaux;pays;numero de contrat;debut de contrat;fin de contrat;contact;"
            "correspondant securite;actif"
        ),
        Register.TECHNICIANS: "login;nom;fournisseur;employeur;pays;courriel;langue;valable jusqu'au;actif",
        Register.STAFF: "login;nom;roles;etablissements;services;courriel;langue;actif",
        Register.PROFESSIONALS: "nom;fonction;etablissement;numero rpps;premier jour;dernier jour",
    }
)  # fmt: skip
"""A first line for each, as an export in French has it."""
