"""The words that names of generated programs are made of, and how a template is filled."""

from __future__ import annotations

import textwrap
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

NOUNS = """
    account address adjustment agreement alert allocation amount application article asset
    attachment bank branch budget bundle campaign card carrier cart catalog category channel
    charge contract coupon courier credit currency customer deal delivery department deposit
    dispute document employee entry estimate event expense export feed fee forecast image
    income inquiry invoice item label lead line listing location loyalty merchant message meter
    note offer order package page parcel payment payout permit plan policy price product profile
    promotion provider quote rate receipt refund region reminder rental report request
    review route sale schedule section segment shelf shipment signal site statement stock store
    subscription supplier survey task tax template tenant ticket transfer vendor visit voucher
    warehouse
""".split()
VERBS = """
    align apply approve archive assign attach audit balance build calculate check clean close
    collect combine compare confirm convert count decode detect dispatch enrich estimate expand
    extract filter format generate group index inspect join list load map measure merge
    migrate normalize parse plan prepare publish rank read reconcile reduce refresh register
    render reserve resolve score select send sort split store summarize sync trace translate
    update validate verify
""".split()
FIELDS = """
    amount attempts bucket city code color cost count country created_at currency deadline depth
    description discount distance due_date duration email enabled first_name height hours key
    kind language last_name level limit margin memo mode name number offset owner percent period
    phone position priority quantity ratio reference score sequence size source status street
    subject target threshold title total unit updated_at url value version volume weight width
    zip_code
""".split()


def names(random: Random) -> dict[str, object]:
    """Return a value for every placeholder of the templates, chosen anew on each call."""
    noun, other, third = random.sample(NOUNS, 3)
    verb, second_verb = random.sample(VERBS, 2)
    field, second_field, third_field = random.sample(FIELDS, 3)
    return {
        "noun": noun,
        "Noun": noun.title(),
        "other": other,
        "Other": other.title(),
        "third": third,
        "verb": verb,
        "again": second_verb,
        "field": field,
        "second": second_field,
        "last": third_field,
        "number": random.randrange(2, 900),
        "small": random.randrange(2, 12),
    }


def filled(template: str, values: dict[str, object], **more: object) -> str:
    """Return *template* with its ``$names`` replaced, without the blank lines around it."""
    return Template(template.strip("\n")).substitute(values, **more) + "\n"


def indented(text: str, levels: int) -> str:
    """Return *text* moved to the right by so many blocks."""
    return textwrap.indent(text, "    " * levels)
