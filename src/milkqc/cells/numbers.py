"""Text to numbers: plain, censored (`<0.5`, `ND`, `>ULOQ`), empty, or unreadable with the reason."""

from __future__ import annotations

import polars as pl

from milkqc.cells.text import tidy

# What laboratories write, without a number, for "below what the assay could see", in lower case and without points.
# A column whose ND means "not done" declares ND as a missing code, which is looked at first. `>LOD` ("detected")
# and `<ULOQ` ("in range") say nothing of a value outside the range: they are left unreadable.
_LIMIT = r"(?:limit of (?:detection|quantification|quantitation)|(?:detection|quantification|quantitation) (?:limit|range))"
_RANGE = r"(?:(?:fit )?(?:curve )?range|detection range)"
_BELOW = (
    r"^(?:nd|n/d|bdl|bld|bql|blq|bloq|blod|bllod|blloq|none detected|not detected|not detectable|undetected|undetectable"
    rf"|oor ?<|(?:< ?|below )(?:the )?(?:l?lod|l?loq|m?dl|l?ql|mdl|(?:lower )?{_LIMIT}|{_RANGE}))$"
)
_ABOVE = rf"^(?:aql|alq|aloq|auloq|oor ?>|(?:> ?|above )(?:the )?(?:ulod|uloq|uql|upper {_LIMIT}|{_RANGE}))$"


def numbers(text: pl.Series, *, decimal: str | None = None, thousands: str | None = None) -> pl.DataFrame:
    """`number`, `censored` (`<`, `>`), `limit`, `status` (number, censored, empty, unreadable) and `why`.

    `limit` is null where the text names none (`<LOD`, `ND`). Digits are 0-9 only; U+2212 is a minus sign.
    `decimal` and `thousands` are what the source declares. With neither, `.` is the decimal point and a comma
    is read as a thousands separator only where it can be nothing else (`4,009.10`, `1,234,567`): a single group
    such as `4,009` is unreadable, `why` being `ambiguous separator`. With `decimal` declared, the other of the
    two may separate thousands. `≤` and `<=` are no censoring signs (the value may be the limit): unreadable.
    Infinities, hexadecimals, underscores, units and other text beside a number are unreadable.
    """
    point, groups = _separators(decimal, thousands)
    undeclared = decimal is None and thousands is None
    cell = tidy(text).str.replace_all("\u2212", "-")
    # Most cells are plain numbers, and what is not repeats itself (`<LOD`): only that, once each, is looked into.
    value = cell.str.replace_all(point, ".", literal=True).cast(pl.Float64, strict=False)
    plain = cell.str.contains(_plain(point)) & value.is_finite()
    others = cell.filter(~plain).unique().sort()
    read = _read(others, point, groups, undeclared=undeclared)
    rest = cell.to_frame("t").join(
        read.with_columns(t=others), on="t", how="left", maintain_order="left", nulls_equal=True
    )
    return rest.select(
        number=pl.when(plain).then(value).otherwise("number"),
        censored=pl.when(~plain).then("censored"),
        limit=pl.when(~plain).then("limit"),
        status=pl.when(plain).then(pl.lit("number")).otherwise(pl.col("status").fill_null("empty")),
        why=pl.when(~plain).then("why"),
    )


def _read(cell: pl.Series, point: str, groups: str, *, undeclared: bool) -> pl.DataFrame:
    """`numbers` of tidied texts."""
    frame = pl.DataFrame({"t": cell}).with_columns(
        pl.col("t").str.extract(r"^([<>])[^<>=]", 1).alias("sign"),
        pl.col("t").str.replace(r"^[<>]\s*", "").alias("amount"),
        pl.col("t").str.to_lowercase().str.replace_all(r"\.", "").str.replace_all(r"\s+", " ").alias("words"),
    )
    amount = pl.col("amount")
    grouped = _grouped(point, groups, several=undeclared)
    plain = (
        pl.when(amount.str.contains(_plain(point)))
        .then(amount.str.replace_all(point, ".", literal=True))
        .when(amount.str.contains(grouped))
        .then(amount.str.replace_all(f"[{groups}]", "").str.replace_all(point, ".", literal=True))
    )
    # The comparison leaves out 1e999, which the cast would read as infinity.
    value = plain.cast(pl.Float64, strict=False)
    frame = frame.with_columns(pl.when(value.is_finite()).then(value).alias("value")).with_columns(
        pl.when(pl.col("sign").is_not_null() & pl.col("value").is_not_null())
        .then("sign")
        .when(pl.col("words").str.contains(_BELOW))
        .then(pl.lit("<"))
        .when(pl.col("words").str.contains(_ABOVE))
        .then(pl.lit(">"))
        .alias("censored")
    )
    return frame.select(
        number=pl.when(pl.col("censored").is_null() & (amount == pl.col("t"))).then("value"),
        censored="censored",
        limit=pl.when(pl.col("censored").is_not_null()).then("value"),
        t="t",
        amount="amount",
    ).select(
        "number",
        "censored",
        "limit",
        status=pl.when(pl.col("t").is_null())
        .then(pl.lit("empty"))
        .when(pl.col("censored").is_not_null())
        .then(pl.lit("censored"))
        .when(pl.col("number").is_not_null())
        .then(pl.lit("number"))
        .otherwise(pl.lit("unreadable")),
        why=pl.when(pl.col("t").is_null() | pl.col("censored").is_not_null() | pl.col("number").is_not_null())
        .then(None)
        .when(amount.str.contains(r"^[-+]?[0-9]{1,3}[,'][0-9]{3}$") & pl.lit(undeclared))
        .then(pl.lit("ambiguous separator"))
        .when(amount.str.contains(r"^[-+]?[0-9]*[0-9.,' \x{a0}\x{202f}]*[0-9]$"))
        .then(pl.lit("separators do not fit"))
        .otherwise(pl.lit("not a number")),
    )


def _separators(decimal: str | None, thousands: str | None) -> tuple[str, str]:
    """The decimal sign, and the thousands signs as the inside of a regular expression's class."""
    if decimal not in (None, ".", ","):
        raise ValueError(f"decimal is '.' or ',', not {decimal!r}")
    if thousands is not None and thousands not in (",", ".", " ", "'", "_"):
        raise ValueError(f"thousands is one of , . ' _ or a space, not {thousands!r}")
    point = decimal or ("," if thousands == "." else ".")
    if thousands == point:
        raise ValueError(f"decimal and thousands cannot both be {point!r}")
    groups = thousands or ("." if point == "," else ",")
    # A space may be any of the three spaces that spreadsheets put between groups; an apostrophe may be curly.
    return point, {" ": r" \x{a0}\x{202f}", "'": r"'\x{2019}"}.get(groups, groups)


def _plain(point: str) -> str:
    p = rf"\{point}"
    return rf"^[-+]?(?:[0-9]+{p}?[0-9]*|{p}[0-9]+)(?:[eE][-+]?[0-9]+)?$"


def _grouped(point: str, groups: str, *, several: bool) -> str:
    """Numbers with groups of three; `several`: two groups or a decimal part, so that no other reading is left."""
    p, g = rf"\{point}", f"[{groups}]"
    if several:
        return rf"^[-+]?[0-9]{{1,3}}(?:(?:{g}[0-9]{{3}})+{p}[0-9]+|(?:{g}[0-9]{{3}}){{2,}})$"
    return rf"^[-+]?[0-9]{{1,3}}(?:{g}[0-9]{{3}})+(?:{p}[0-9]*)?$"
