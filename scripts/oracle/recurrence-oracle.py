#!/usr/bin/env python3
"""Writes packages/shared/src/recurrence/recurrence-fixtures.json with python-dateutil (calendar) and zoneinfo (time zones).

Independent of the engine it checks: no line, library or time zone file is shared. Debian: apt-get install python3-dateutil tzdata, then
    /usr/bin/python3 scripts/oracle/recurrence-oracle.py && npm run format
The seed is fixed; the same versions write the same file. Dates stay within 2011-2027, where tz databases agree.
"""
import itertools
import json
import pathlib
import platform
import random
import zoneinfo
from datetime import datetime, timedelta, timezone

import dateutil
from dateutil.rrule import rrulestr

OUT = pathlib.Path(__file__).parents[2] / "packages/shared/src/recurrence/recurrence-fixtures.json"
END = datetime(2028, 1, 1, tzinfo=timezone.utc)
LIMIT = 9
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]

# Zone -> wall clocks that a clock change removes or repeats (and its neighbours).
NIGHTS = {
    "America/New_York": ["2026-03-08T02:30:00", "2026-11-01T01:30:00"],
    "Africa/Cairo": ["2026-04-24T00:00:00", "2026-04-24T00:30:00", "2026-10-29T23:30:00"],
    "Australia/Lord_Howe": ["2026-10-04T02:15:00", "2026-04-05T01:45:00"],
    "Pacific/Apia": ["2011-12-30T09:00:00", "2011-12-30T00:00:00", "2020-09-27T03:30:00"],
    "Europe/Berlin": ["2026-03-29T02:30:00", "2026-10-25T02:30:00"],
    "Europe/London": ["2026-03-29T01:15:00", "2026-10-25T01:15:00"],
    "Australia/Sydney": ["2026-10-04T02:30:00", "2026-04-05T02:30:00"],
    "America/Sao_Paulo": ["2018-11-04T00:00:00", "2018-02-17T23:30:00", "2019-06-01T09:00:00"],
    "Asia/Kathmandu": ["2026-03-29T02:30:00"],
    "America/St_Johns": ["2026-03-08T02:30:00", "2026-11-01T01:30:00", "2011-03-13T00:01:00"],
    "America/Santiago": ["2026-09-06T00:00:00", "2026-04-04T23:30:00"],
    "Asia/Tehran": ["2021-03-22T00:00:00", "2022-09-21T23:30:00"],
    "Africa/Casablanca": ["2026-02-15T02:30:00", "2026-03-22T02:30:00"],
    "Pacific/Chatham": ["2026-09-27T03:00:00", "2026-04-05T03:00:00"],
    "America/Caracas": ["2016-05-01T02:45:00"],
    "Asia/Pyongyang": ["2015-08-14T23:45:00", "2018-05-04T23:30:00"],
}


def parse(local):
    return datetime.strptime(local, "%Y-%m-%dT%H:%M:%S")


def text(local):
    return local.strftime("%Y-%m-%dT%H:%M:%S")


def moments(local, zone, gap, overlap):
    """PEP 495: fold=0 reads a gap with the offset before it (that is, shifted forward), and an overlap as its first pass."""
    first = local.replace(tzinfo=zone, fold=0).astimezone(timezone.utc)
    second = local.replace(tzinfo=zone, fold=1).astimezone(timezone.utc)
    shown = first.astimezone(zone).replace(tzinfo=None)
    if shown != local:
        return [] if gap == "skip" else [(first, int((shown - local).total_seconds()))]
    if first == second or overlap == "first":
        return [(first, 0)]
    return [(second, 0)] if overlap == "second" else [(first, 0), (second, 0)]


def expand(case):
    zone = zoneinfo.ZoneInfo(case["tz"])
    policy = (zone, case.get("gap", "shift"), case.get("overlap", "first"))
    start = parse(case["dtstart"])
    after = datetime.fromisoformat(case["after"].replace("Z", "+00:00")) if "after" in case else None
    until = datetime.fromisoformat(case["until"].replace("Z", "+00:00")) if "until" in case else None
    horizon = (END + timedelta(days=3)).replace(tzinfo=None)
    locals_ = itertools.takewhile(lambda local: local < horizon, rrulestr(case["rrule"], dtstart=start))
    series = {}
    for local in locals_:
        for instant, shift in moments(local, *policy):
            series.setdefault(instant, shift)
    ordered = sorted(series.items())
    if until is not None:
        ordered = [item for item in ordered if item[0] <= until]
    ordered = dict(ordered[: case.get("count")])
    for local in case.get("rdates", []):
        for instant, shift in moments(parse(local), *policy):
            ordered.setdefault(instant, shift)
    for local in case.get("exdates", []):
        for instant, _ in moments(parse(local), *policy):
            ordered.pop(instant, None)
    wanted = sorted(item for item in ordered.items() if item[0] < END and (after is None or item[0] > after))[:LIMIT]
    return [instant.astimezone(zone).isoformat() + (f" {shift:+d}" if shift else "") for instant, shift in wanted]


def random_rule(rng):
    freq = rng.choice(["DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "MONTHLY", "MONTHLY", "YEARLY", "YEARLY"])
    parts = [f"FREQ={freq}"]
    add = lambda name, values: parts.append(f"{name}={','.join(str(value) for value in values)}")
    pick = lambda values, most: rng.sample(list(values), rng.randint(1, most))
    if rng.random() < 0.5:
        parts.append(f"INTERVAL={rng.randint(2, {'DAILY': 40, 'WEEKLY': 9, 'MONTHLY': 7, 'YEARLY': 3}[freq])}")
    if rng.random() < 0.2:
        parts.append(f"WKST={rng.choice(DAYS)}")
    ordinal = lambda most: f"{rng.choice([n for n in range(-most, most + 1) if n])}{rng.choice(DAYS)}"
    shape = rng.random()
    if freq == "DAILY":
        if shape < 0.4:
            add("BYDAY", pick(DAYS, 4))
        elif shape < 0.6:
            add("BYMONTH", pick(range(1, 13), 5))
        elif shape < 0.7:
            add("BYMONTHDAY", pick([-3, -2, -1, 1, 10, 13, 15, 31], 4))
    elif freq == "WEEKLY":
        if shape < 0.75:
            add("BYDAY", pick(DAYS, 4))
        if shape < 0.15:
            add("BYMONTH", pick(range(1, 13), 5))
    elif freq == "MONTHLY":
        if shape < 0.3:
            add("BYDAY", [ordinal(5) for _ in range(rng.randint(1, 3))])
        elif shape < 0.5:
            add("BYMONTHDAY", pick([n for n in range(-31, 32) if n], 4))
        elif shape < 0.6:
            add("BYMONTHDAY", pick([13, 1, 2, 3, -1, -2, 28, 29], 5))
            add("BYDAY", pick(DAYS, 3))
        elif shape < 0.8:
            add("BYDAY", rng.choice([["MO", "TU", "WE", "TH", "FR"], ["SA", "SU"], pick(DAYS, 5)]))
            add("BYSETPOS", pick([-3, -2, -1, 1, 2, 3], 2))
        elif shape < 0.9:
            add("BYDAY", pick(DAYS, 3))
        if rng.random() < 0.2:
            add("BYMONTH", pick(range(1, 13), 5))
    else:
        if shape < 0.25:
            add("BYMONTH", pick(range(1, 13), 4))
            add("BYDAY", [ordinal(5) for _ in range(rng.randint(1, 2))])
        elif shape < 0.45:
            add("BYMONTH", pick(range(1, 13), 4))
            add("BYMONTHDAY", pick([n for n in range(-31, 32) if n], 3))
        elif shape < 0.55:
            add("BYYEARDAY", pick([n for n in range(-366, 367) if n], 5))
        elif shape < 0.65:
            add("BYWEEKNO", pick([n for n in range(-53, 54) if n], 3))
            add("BYDAY", pick(DAYS, 3))
        elif shape < 0.75:
            add("BYDAY", [ordinal(52) for _ in range(rng.randint(1, 3))])
        elif shape < 0.85:
            add("BYDAY", pick(DAYS, 5))
            add("BYSETPOS", pick([-100, -7, -1, 1, 2, 25, 200], 3))
        elif shape < 0.9:
            add("BYMONTH", pick(range(1, 13), 4))
    # BYSETPOS counts days there: the engine refuses it beside several times of day.
    most = 1 if any(part.startswith("BYSETPOS") for part in parts) else 3
    if rng.random() < 0.25:
        add("BYHOUR", pick(range(24), most))
    if rng.random() < 0.15:
        add("BYMINUTE", pick(range(60), most))
    if rng.random() < 0.05:
        add("BYSECOND", [rng.randrange(60)])
    return ";".join(parts)


def night_cases():
    for tz, nights in NIGHTS.items():
        for night in nights:
            local = parse(night)
            base = {"tz": tz, "dtstart": text(local - timedelta(days=2))}
            yield {**base, "rrule": "FREQ=DAILY"}
            yield {**base, "rrule": "FREQ=DAILY", "gap": "skip", "overlap": "second", "count": 5}
            hours = sorted({(local + timedelta(hours=offset)).hour for offset in range(-2, 4)})
            rule = f"FREQ=DAILY;BYHOUR={','.join(map(str, hours))};BYMINUTE=0,15,30,45"
            for overlap in ["first", "second", "both"]:
                after = local.replace(tzinfo=zoneinfo.ZoneInfo(tz)).astimezone(timezone.utc) - timedelta(hours=1, minutes=20)
                yield {**base, "rrule": rule, "overlap": overlap, "after": text(after) + "Z"}
            yield {**base, "rrule": rule, "count": 60, "gap": "skip", "overlap": "both", "after": text(after) + "Z"}
            yield {
                "tz": tz,
                "dtstart": text(local - timedelta(days=28)),
                "rrule": f"FREQ=WEEKLY;BYDAY={DAYS[local.weekday()]}",
                "rdates": [text(local + timedelta(minutes=10)), text(local + timedelta(days=1))],
                "exdates": [text(local)],
            }


def random_cases(rng, wanted):
    made = 0
    while made < wanted:
        tz = rng.choice(list(NIGHTS))
        start = datetime(rng.randint(2011, 2026), 1, 1) + timedelta(days=rng.randrange(365), minutes=15 * rng.randrange(96))
        if rng.random() < 0.3:
            start = start.replace(hour=rng.choice([0, 1, 2, 3]))
        case = {"tz": tz, "dtstart": text(start), "rrule": random_rule(rng)}
        if rng.random() < 0.2:
            case["gap"] = "skip"
        if rng.random() < 0.3:
            case["overlap"] = rng.choice(["second", "both"])
        bound = rng.random()
        if bound < 0.25:
            case["count"] = rng.randint(1, 40)
        elif bound < 0.5:
            case["until"] = text(start + timedelta(days=rng.randint(5, 2000), minutes=rng.randrange(1440))) + "Z"
        if rng.random() < 0.5:
            case["after"] = text(start + timedelta(days=rng.randint(0, 1000), minutes=rng.randrange(1440))) + "Z"
        if rng.random() < 0.15:
            case["rdates"] = [text(start + timedelta(days=rng.randrange(600), minutes=15 * rng.randrange(96))) for _ in range(2)]
        if rng.random() < 0.2:
            plain = [line.split(" ")[0][:19] for line in expand(case)]
            case["exdates"] = rng.sample(plain, min(2, len(plain)))
        expected = expand(case)
        if expected or rng.random() < 0.1:
            made += 1
            yield case


def main():
    cases = list(night_cases()) + list(random_cases(random.Random(5545), 560))
    tzdata = pathlib.Path("/usr/share/zoneinfo/tzdata.zi").read_text().splitlines()[0].split()[-1]
    document = {
        "oracle": f"python {platform.python_version()}, dateutil {dateutil.__version__}",
        "oracleTimeZones": tzdata,
        "engineTimeZonesWhenWritten": "2026c",
        "end": END.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "limit": LIMIT,
        "cases": [{**case, "expected": " | ".join(expand(case))} for case in cases],
    }
    OUT.write_text(json.dumps(document, indent=2) + "\n")
    print(f"{len(cases)} cases, {OUT.stat().st_size} bytes")


main()
