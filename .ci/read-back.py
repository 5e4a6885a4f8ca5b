"""Reads exported files and compares them, row by row, with the NDJSON of the same query."""

import csv
import json
import sys
from datetime import datetime
from itertools import zip_longest
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

WORK, VERSION = Path(sys.argv[1]), sys.argv[2].split()[1]
GROUP = 100_000
DEEPEST = 8
TEXT, TIME = pa.string(), pa.timestamp("us", tz="UTC")
COLUMNS = [
    ("id", TEXT), ("first_name", TEXT), ("last_name", TEXT), ("email", TEXT), ("phone", TEXT),
    ("tags", pa.list_(pa.field("element", TEXT))), ("attributes", pa.json_(TEXT)),
    ("created_date", TIME), ("created_date_text", TEXT), ("modified_date", TIME), ("modified_date_text", TEXT),
]
found = {"dates as text": 0, "attributes that are no object": 0, "keys in brackets": 0, "values too deep": 0}


def same(what, got, wanted):
    assert got == wanted, f"{what}: got {got!r}, wanted {wanted!r}"


def exact(text):
    """JSON whose numbers keep their digits, and whose objects their order."""
    return json.loads(text, parse_int=lambda n: ("n", n), parse_float=lambda n: ("n", n),
                      object_pairs_hook=lambda pairs: ("o", tuple(pairs)))


def lines():
    with open(WORK / "people.ndjson", encoding="utf-8") as file:
        for line in file:
            # The outermost object as a dict.
            yield dict(exact(line)[1])


def instant(text):
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return time if "T" in text and time.tzinfo else None
    except ValueError:
        return None


def schema(file):
    return [(field.name, field.type) for field in file.schema_arrow]


def parquet():
    file = pq.ParquetFile(WORK / "people.parquet", arrow_extensions_enabled=True)
    same("columns", schema(file), COLUMNS)
    meta = file.metadata
    groups = [meta.row_group(n) for n in range(meta.num_row_groups)]
    same("groups", [group.num_rows for group in groups], [GROUP, meta.num_rows - GROUP])
    for group in groups:
        same("compression", {group.column(n).compression for n in range(group.num_columns)}, {"ZSTD"})
    entries = {key.decode(): value.decode() for key, value in meta.metadata.items()}
    same("version", entries["cxlens.version"], VERSION)
    same("complete", entries["cxlens.complete"], "true")
    assert instant(entries["cxlens.created"][:26].rstrip("Z") + "Z"), entries["cxlens.created"]
    query = json.loads(entries["cxlens.query"])
    same("query", (query["segments"], query["ids"], query["filter"], query["limit"]), (["SEG-ALL"], 0, "", None))

    def rows():
        for batch in file.iter_batches(10_000):
            yield from batch.to_pylist()

    count = 0
    for number, (row, line) in enumerate(zip_longest(rows(), lines())):
        for key, value in line.items():
            at = f"row {number}, {key}"
            if key.endswith("_date"):
                text = row[f"{key}_text"]
                if text is not None:
                    found["dates as text"] += 1
                    same(at, (row[key], text), (None, value))
                else:
                    same(at, row[key], None if value is None else instant(value))
            elif key == "attributes":
                same(at, row[key] and exact(row[key]), value)
            else:
                same(at, row[key], value)
        count += 1
    same("rows", count, meta.num_rows)

    some = pq.ParquetFile(WORK / "some.parquet", arrow_extensions_enabled=True)
    same("columns asked for", [name for name, _ in schema(some)],
         ["id", "email", "modified_date", "modified_date_text"])
    same("rows asked for", some.metadata.num_rows, 10)
    return count


def records(name):
    csv.field_size_limit(1 << 24)
    with open(WORK / name, encoding="utf-8", newline="") as file:
        yield from csv.reader(file)


def cell(value):
    """What a cell says of a value: text as it is, and JSON else."""
    return "" if value is None else value if isinstance(value, str) else ("json", value)


def read_cell(text, wanted):
    return ("json", exact(text)) if isinstance(wanted, tuple) else text


def plain():
    rows = records("people.csv")
    header = next(rows)
    for number, (record, line) in enumerate(zip_longest(rows, lines())):
        same("header", header, list(line))
        for text, (key, value) in zip(record, line.items()):
            # Attributes that are a text alone are JSON too.
            wanted = ("json", value) if key == "attributes" and value is not None else cell(value)
            same(f"record {number}, {key}", read_cell(text, wanted), wanted)


def way(name):
    """The keys that a column's name is made of."""
    rest, keys = name[len("attributes"):], []
    while rest:
        if rest[0] == "[":
            found["keys in brackets"] += 1
            key, end = json.JSONDecoder().raw_decode(rest, 1)
            assert rest[end] == "]", name
            rest = rest[end + 1:]
        else:
            assert rest[0] == ".", name
            end = next((n for n, c in enumerate(rest) if n and c in ".["), len(rest))
            key, rest = rest[1:end], rest[end:]
        keys.append(key)
    return tuple(keys)


def leaves(value, keys=()):
    if isinstance(value, tuple) and value[0] == "o" and value[1] and len(keys) < DEEPEST:
        for key, inner in value[1]:
            yield from leaves(inner, keys + (key,))
    elif value is not None:
        if isinstance(value, tuple) and value[0] == "o" and value[1]:
            found["values too deep"] += 1
        # In a cell, a number and a boolean look as in JSON.
        yield keys, value


def flat():
    rows = records("flat.csv")
    header = next(rows)
    ways = {n: way(name) for n, name in enumerate(header) if name.startswith("attributes") and name != "attributes"}
    same("names", len(set(header)), len(header))
    same("ways", len(set(ways.values())), len(ways))
    fixed = {n: name for n, name in enumerate(header) if not name.startswith("attributes")}
    rest = header.index("attributes")
    for number, (record, line) in enumerate(zip_longest(rows, lines())):
        same(f"record {number}: cells", len(record), len(header))
        for n, name in fixed.items():
            wanted = cell(line[name])
            same(f"record {number}, {name}", read_cell(record[n], wanted), wanted)
        attributes = line["attributes"]
        if attributes is None or isinstance(attributes, tuple) and attributes[0] == "o":
            there = {keys: value for keys, value in leaves(attributes) if keys}
            same(f"record {number}, the rest", record[rest], "")
        else:
            found["attributes that are no object"] += 1
            there = {}
            same(f"record {number}, the rest", exact(record[rest]), attributes)
        for n, keys in ways.items():
            wanted = there.pop(keys, None)
            wanted = cell(wanted) if wanted is None or isinstance(wanted, (str, tuple)) else ("json", wanted)
            same(f"record {number}, {header[n]}", read_cell(record[n], wanted), wanted)
        same(f"record {number}: attributes without a column", there, {})


count = parquet()
plain()
flat()
# Where nothing odd was among the rows, nothing odd was tested.
assert all(found.values()), found
print(f"{count} rows read back by PyArrow {pa.__version__} and Python {sys.version.split()[0]}; among them", end=" ")
print(", ".join(f"{n} {what}" for what, n in found.items()))
