"""The part of the exported pandera module that judges rows (pandera_module.py)."""

from __future__ import annotations

ROWS = r'''
def _values(frame, name):
    values = frame[name]
    if str(values.dtype) in {"object", "category"} and values.map(lambda value: hasattr(value, "isoformat")).any():
        return pd.to_datetime(values)
    return values


def _limit(values, limit):
    return pd.Timestamp(limit) if str(values.dtype).startswith("datetime") else limit


def _outside(values, rule):
    fails = pd.Series(False, index=values.index)
    if "min" in rule:
        fails |= values < _limit(values, rule["min"])
    if "above" in rule:
        fails |= values <= _limit(values, rule["above"])
    if "max" in rule:
        fails |= values > _limit(values, rule["max"])
    if "below" in rule:
        fails |= values >= _limit(values, rule["below"])
    return fails


def _among(values, wanted):
    listed = wanted if isinstance(wanted, list) else [wanted]
    return values.isin([_limit(values, one) for one in listed])


def _holds(frame, when):
    """Rows where the condition surely holds."""
    holds = pd.Series(True, index=frame.index)
    for name, wanted in when.items():
        if name in ("any", "all"):
            parts = [_holds(frame, one) for one in wanted]
            joined = parts[0]
            for part in parts[1:]:
                joined = joined | part if name == "any" else joined & part
            holds &= joined
            continue
        values = _values(frame, name)
        if not isinstance(wanted, dict):
            holds &= values.notna() & _among(values, wanted)
            continue
        for word, limit in wanted.items():
            if word == "missing":
                holds &= values.isna() if limit else values.notna()
            elif word == "not":
                holds &= values.notna() & ~_among(values, limit)
            else:
                holds &= values.notna() & ~_outside(values, {word: limit})
    return holds


def _other(frame, rule, sign):
    other = _values(frame, rule["other"])
    if "factor" in rule:
        other = other * rule["factor"]
    offset = rule.get("offset", 0) + sign * rule.get("tolerance", 0)
    if not offset:
        return other
    return other + (pd.Timedelta(days=offset) if str(other.dtype).startswith("datetime") else offset)


def _compared(frame, rule):
    values, word = _values(frame, rule["column"]), rule["is"]
    known = values.notna() & _values(frame, rule["other"]).notna()
    if word == "below":
        fails = values >= _other(frame, rule, 1)
    elif word == "at_most":
        fails = values > _other(frame, rule, 1)
    elif word == "above":
        fails = values <= _other(frame, rule, -1)
    elif word == "at_least":
        fails = values < _other(frame, rule, -1)
    elif word == "equal" and rule.get("tolerance"):
        fails = (values < _other(frame, rule, -1)) | (values > _other(frame, rule, 1))
    else:
        fails = values.eq(_other(frame, rule, 0))
        fails = ~fails if word == "equal" else fails
    return known & fails


def _fails(frame, rule):
    values, kind = _values(frame, rule["column"]), rule["expect"]
    holds = _holds(frame, rule["when"])
    there = values.notna()
    if rule["column"] == "value" and "censored" in frame:
        censored = frame["censored"].notna()
        if kind in ("not_null", "present_when", "absent_when"):
            there |= censored
        else:
            holds &= ~censored
    if kind == "value_between":
        fails = there & _outside(values, rule)
    elif kind == "value_in_set":
        fails = there & ~_among(values, rule["values"])
    elif kind == "value_not_in_set":
        fails = there & _among(values, rule["values"])
    elif kind == "value_matches":
        fails = there & ~values.astype("object").where(there, "").astype(str).map(
            lambda text: re.fullmatch(rule["pattern"], text) is not None
        )
    elif kind in ("not_null", "present_when"):
        fails = ~there
    elif kind == "absent_when":
        fails = there
    elif kind == "unique":
        mine = frame.loc[holds, rule["columns"]].dropna()
        fails = mine.duplicated(keep=False).reindex(frame.index, fill_value=False)
    elif kind == "monotone":
        fails = _backwards(frame, rule, holds)
    elif kind == "sum_of":
        fails = _apart(frame, rule)
    else:
        fails = _compared(frame, rule)
    return (holds & fails).fillna(False).astype(bool)


def _backwards(frame, rule, holds):
    """Rows whose value goes back against the row before, in the order and the groups of the rule."""
    part = frame.loc[:, rule["within"]].copy()
    part["_value"], part["_order"] = _values(frame, rule["column"]), _values(frame, rule["order"])
    part["_row"] = frame["row_id"]
    part = part[holds.fillna(False).astype(bool)].dropna(subset=["_value", "_order", *rule["within"]])
    part = part.sort_values(["_order", "_row"])
    earlier = part.groupby(rule["within"], sort=False)[["_value", "_order"]].shift(1)
    judged = earlier["_order"] < part["_order"]
    slack = rule.get("tolerance", 0)
    if str(part["_value"].dtype).startswith("datetime"):
        slack = pd.Timedelta(days=slack)
    if rule["direction"] == "rising":
        limit = earlier["_value"] - slack
        fails = part["_value"] <= limit if rule.get("strict") else part["_value"] < limit
    else:
        limit = earlier["_value"] + slack
        fails = part["_value"] >= limit if rule.get("strict") else part["_value"] > limit
    return (judged & fails).reindex(frame.index, fill_value=False)


def _reported(frame):
    return frame["reported"].fillna(True).astype(bool) if "reported" in frame else pd.Series(True, index=frame.index)


def _parts(frame, rule):
    """The total and its parts, a column each: of one row, or the means of one sample at the total's first row."""
    names = list(rule["parts"])
    if "analyte" not in rule:
        return _values(frame, rule["column"]).astype(float), frame[names].astype(float)
    mine = frame[_reported(frame) & frame["analyte"].isin([rule["analyte"], *names])]
    keys = [mine[name].astype(object).where(mine[name].notna(), "") for name in (*rule["sample"], "analyte")]
    way = mine["method"].astype(object).fillna("") + "|" + mine["measures"].astype(object).fillna("")
    there = mine["value"].where(mine["censored"].isna())
    told = pd.DataFrame({"mean": there, "n": there.notna(), "rows": 1, "way": way, "first": mine["row_id"]})
    told = told.groupby(keys, sort=False).agg(
        {"mean": "mean", "n": "sum", "rows": "sum", "way": "nunique", "first": "min"}
    )
    whole = told["mean"].where((told["n"] == told["rows"]) & (told["way"] == 1)).unstack(-1)
    first = told["first"].unstack(-1)
    if rule["analyte"] not in whole:
        nothing = pd.Series(math.nan, index=frame.index)
        return nothing, pd.DataFrame({name: nothing for name in names})
    whole = whole.reindex(columns=[rule["analyte"], *names]).set_index(first[rule["analyte"]])
    whole = whole[whole.index.notna()].reindex(frame["row_id"]).set_index(frame.index)
    return whole[rule["analyte"]], whole[names]


def _apart(frame, rule):
    """Rows whose total is not as it should be beside the weighted sum of its parts."""
    total, parts = _parts(frame, rule)
    weighed = [parts[name] * weight for name, weight in rule["parts"].items()]
    made, size = sum(weighed[1:], weighed[0]), sum((one.abs() for one in weighed[1:]), weighed[0].abs())
    share = rule.get("tolerance_share", 0)
    reach = size * rule["rounding"] + (made.abs() * share if share else rule.get("tolerance", 0))
    known = total.notna() & made.abs().lt(math.inf) & reach.lt(math.inf)
    below, above = total < made - reach, total > made + reach
    fails = {"equal": below | above, "at_least": below, "at_most": above}[rule["is"]]
    return known & fails


'''
