"""The receipts that the service works on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Receipt:
    """One scanned receipt."""

    number: str
    uploaded_by: str
    text: str


SCANNED_TODAY = [
    Receipt("r-1001", "user-anna", "Corner Bakery\n2 x croissant 5.00\n1 x coffee 7.40\nTotal EUR 12.40"),
    Receipt("r-1002", "user-ben", "City Pharmacy\nBandages 6.20\nTotal EUR 6.20"),
    Receipt("r-1003", "user-anna", "Green Grocer\nApples 3.10\nLeeks 2.20\nMilk 1.45\nTotal EUR 6.75"),
]

#: A receipt whose currency nobody can read.
SMUDGED = Receipt("r-1004", "user-carl", "M......t  ##.## ??\nTot.. 8.8#")
