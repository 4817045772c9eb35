"""datediff: the time between two dates, as REDCap counts months and years."""

from __future__ import annotations

import polars as pl

from milkqc.checks.dictionary.logic.values import Value, from_number

# REDCap, Help & FAQ, "special functions": 1 year = 365.2425 days, 1 month = 30.44 days.
_SECONDS = {"y": 365.2425 * 86400, "M": 30.44 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}
_ORDERS = {"ymd": ("y", "m", "d"), "mdy": ("m", "d", "y"), "dmy": ("d", "m", "y")}
_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?"


def datediff(start: Value, end: Value, *, unit: str, orders: tuple[str, str], signed: bool) -> Value:
    """`end` minus `start` in `unit`, without its sign unless `signed`; blank where one of them is no date.

    `orders` says how each side writes a date: fields as Y-M-D whatever their validation, quoted dates as the
    expression says. A date beside a date with a time, or beside a time alone, is not known;
    neither is a date that does not exist.
    """
    sides = [_instants(value.text, order) for value, order in zip((start, end), orders, strict=True)]
    both = pl.concat(
        [side.rename({"s": f"s{i}", "kind": f"kind{i}"}) for i, side in enumerate(sides)], how="horizontal"
    )
    known = both.with_columns(k0=start.number.is_not_null(), k1=end.number.is_not_null())
    distance = (pl.col("s1") - pl.col("s0")) / _SECONDS[unit]
    found = known.select(
        pl.when(~(pl.col("k0") & pl.col("k1")) | pl.col("kind0").eq("none") | pl.col("kind1").eq("none"))
        .then(None)
        .when(pl.col("kind0").is_null() | pl.col("kind1").is_null())
        .then(float("nan"))
        .when(pl.col("kind0") == pl.col("kind1"))
        .then(distance if signed else distance.abs())
        .cast(pl.Float64)
    )
    return from_number(found.to_series())


def _instants(text: pl.Series, order: str) -> pl.DataFrame:
    """Seconds (since 1970, or since midnight) in `s`, and what that is: `date`, `datetime`, `time`; null for other text.

    `none` is what looks like a date and does not exist: 30 February is 1 March to some and nothing to others.
    """
    digits = {"y": "[0-9]{4}", "m": "[0-9]{1,2}", "d": "[0-9]{1,2}"}
    dated = "[-/]".join(f"(?P<{part}>{digits[part]})" for part in _ORDERS[order])
    frame = text.to_frame("t").with_columns(
        pl.col("t").str.extract_groups(rf"^{dated}(?:[ T]{_TIME})?$").alias("at"),
        pl.col("t").str.extract_groups(rf"^{_TIME}$").alias("alone"),
    )
    at, alone = pl.col("at").struct, pl.col("alone").struct
    written = pl.concat_str(
        [at.field("y"), at.field("m").str.zfill(2), at.field("d").str.zfill(2)], separator="-"
    )
    day = written.str.to_date("%Y-%m-%d", strict=False).cast(pl.Int32).cast(pl.Float64) * 86400
    in_day = _clock(at)
    return frame.select(
        s=pl.when(at.field("hour").is_null()).then(day).otherwise(day + in_day).fill_null(_clock(alone)),
        kind=pl.when(day.is_not_null() & at.field("hour").is_null())
        .then(pl.lit("date"))
        .when(day.is_not_null() & in_day.is_not_null())
        .then(pl.lit("datetime"))
        .when(_clock(alone).is_not_null())
        .then(pl.lit("time"))
        .when(at.field("y").is_not_null() | alone.field("hour").is_not_null())
        .then(pl.lit("none")),
    )


def _clock(parts: object) -> pl.Expr:
    hour, minute, second = (
        parts.field(name).cast(pl.Float64)  # type: ignore[attr-defined]
        for name in ("hour", "minute", "second")
    )
    seconds = second.fill_null(0)
    return pl.when((hour < 24) & (minute < 60) & (seconds < 60)).then(hour * 3600 + minute * 60 + seconds)
