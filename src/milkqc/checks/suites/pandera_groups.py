"""The part of the exported pandera module that judges groups of rows (pandera_module.py)."""

from __future__ import annotations

GROUPS = r'''def _figure(part, kind, rule):
    """The figure of the rows of one group, and the number of rows behind it; None where it is not known."""
    there = part["there"]
    if kind == "rows":
        return len(part), len(part)
    if kind == "share_missing":
        return (~there).mean(), len(part)
    if kind == "distinct":
        return part["value"].nunique(), there.sum()
    if kind == "share_censored":
        return (part["censored"].notna().sum() / there.sum() if there.any() else None), there.sum()
    if kind == "mean":
        known = part["censored"].isna().all() and part["value"].notna().any()
        return (float(part["value"].mean()) if known else None), there.sum()
    known = part[there]
    results = [
        (None if censored in ("<", ">") else float(value), censored if censored in ("<", ">") else None, limit)
        for value, censored, limit in zip(known["value"], known["censored"], known["limit"])
    ]
    if kind == "distance":
        results = [(value, censored, None if pd.isna(limit) else float(limit)) for value, censored, limit in results]
        return distance(results, rule["reference"]), len(results)
    placed = [{"<": -math.inf, ">": math.inf}.get(censored, value) for value, censored, _ in results]
    return quantile(placed, rule["quantile"] if kind == "quantile" else 0.5), len(results)


def _difference(part, rule):
    told = []
    for _, one in part[part["between"].notna()].groupby("between", sort=False):
        figure, behind = _figure(one, rule["statistic"], rule)
        if figure is not None and behind >= rule.get("min_n", 0):
            told.append(figure)
    if len(told) < 2:
        return None
    if "max_ratio" in rule:
        return float(f"{max(told) / min(told):.10g}") if min(told) > 0 else None
    return float(f"{max(told) - min(told):.10g}")


def _groups_hold(frame, rule):
    """True for every row but those of groups whose figure is beyond its limits."""
    holds = _holds(frame, rule["when"]) & _reported(frame)
    of_result = rule.get("column") == "value" and "censored" in frame
    nothing = pd.Series(None, index=frame.index, dtype=object)
    part = pd.DataFrame(
        {
            "value": _values(frame, rule["column"]) if "column" in rule else nothing,
            "censored": frame["censored"].astype(object) if of_result else nothing,
            "limit": frame["limit"] if of_result and "limit" in frame else nothing,
            "between": frame[rule["between"]] if "between" in rule else nothing,
            **{f"by{place}": frame[name] for place, name in enumerate(rule.get("by", ()))},
        }
    )[holds.fillna(False).astype(bool)]
    part["there"] = part["value"].notna() | part["censored"].notna()
    by = [f"by{place}" for place in range(len(rule.get("by", ())))]
    groups = [one for _, one in part.groupby(by, sort=False, dropna=False)] if by else [part]
    found = pd.Series(True, index=frame.index)
    for one in groups:
        if rule["figure"] == "difference":
            figure = _difference(one, rule)
        elif one.empty and rule["figure"] != "rows":
            figure = None
        else:
            figure, behind = _figure(one, rule["figure"], rule)
            figure = figure if behind >= rule.get("min_n", 0) else None
        if figure is not None and _outside(pd.Series([figure]), rule).any():
            if one.empty:
                return False  # of no rows none can be named
            found[one.index] = False
    return found


'''
