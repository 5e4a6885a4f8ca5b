//! The words of the filter's language that tell its parts from each other. What they mean is the service's business.

/// Words that join comparisons, or turn one round.
pub const JOINTS: [&str; 3] = ["and", "or", "not"];

/// Words that compare a field with a value.
pub const COMPARISONS: [&str; 11] =
    ["eq", "ne", "gt", "ge", "lt", "le", "in", "has", "contains", "startswith", "endswith"];
