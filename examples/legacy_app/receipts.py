"""The receipts that the service works on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Receipt:
    """One scanned receipt."""

    number: str
    uploaded_by: str
    text: str


SCANNED_TODAY = [
    Receipt("1001", "anna", "Corner Bakery\n2 x croissant 5.00\n1 x coffee 7.40\nTotal EUR 12.40"),
    Receipt("1002", "ben", "City Pharmacy\nBandages 6.20\nTotal EUR 6.20"),
    Receipt("1003", "anna", "Green Grocer\nApples 3.10\nLeeks 2.20\nMilk 1.45\nTotal EUR 6.75"),
]

#: A receipt whose currency nobody can read.
SMUDGED = Receipt("1004", "carl", "M......t  ##.## ??\nTot.. 8.8#")
