//! CSV, JSON and NDJSON.
