"""How SAS counts time: days and seconds since 1 January 1960, and which display formats show them.

Source: SAS 9.4 Formats and Informats: Reference, "Formats by Category" (Date and Time, ISO 8601); SAS 9.4 National
Language Support, formats NLDATE, NLDATM and EURDF. Dates are valid from A.D. 1582.
"""

from __future__ import annotations

import re
from datetime import date

from milkqc.readers.instants import Clock
from milkqc.readers.labelled import Dialect

_DAYS = Clock(date(1960, 1, 1), 1, date(1582, 1, 1))
_SECONDS = Clock(date(1960, 1, 1), 86_400, date(1582, 1, 1), shows_time=True)
# The letter behind the name says what separates the parts: blank, colon, dash, none, period, slash.
_DATES = re.compile(
    r"(DATE|DAY|DOWNAME|EURDF(DD|DE|DN|DWN|MN|MY|WDX|WKX)|[A-Z]{3}DF(DD|DE|DN|DWN|MN|MY|WDX|WKX)"
    r"|(DDMMYY|MMDDYY|YYMMDD)[BCDNPS]?|(MMYY|YYMM|YYQ|YYQR)[CDNPSZ]?|HDATE|HEBDATE|JULDAY|JULIAN|MINGUO|MONNAME"
    r"|MONTH|MONYY|NENGO|NLDATE[A-Z]*|PDJUL[GI]|QTRR?|WEEKDAT[EX]|WEEKDAY|WEEK[UVW]|WORDDAT[EX]|YEAR|YYMON"
    r"|YYWEEK[UVW]|(E8601|B8601|IS8601|[$]N8601[BE])DA)"
)
_DATETIMES = re.compile(
    r"(DATETIME|DATEAMPM|MDYAMPM|DTDATE|DTMONYY|DTWKDATX|DTYEAR|DTYYQC|EURDFDT|[A-Z]{3}DFDT|NLDATM[A-Z]*"
    r"|(E8601|B8601|IS8601)(DT|DN|DX|DZ|LX))"
)


def clock(display: str) -> Clock | None:
    """How a format counts, by its name with or without width; None for numbers, times of day and the study's own.

    A format that shows a part only (YEAR, MONYY, QTR) stands on a whole date, and that is what it gives.
    """
    name = display.upper().rstrip(".0123456789")
    if _DATETIMES.fullmatch(name):
        return _SECONDS
    return _DAYS if _DATES.fullmatch(name) else None


DIALECT = Dialect("sas", clock, padded=True)
