//! A request as a line for a shell, its secret left out.

/// The `curl` line that sends the same request, with the token as `$CXONE_TOKEN`.
pub fn curl(method: &str, url: &str) -> String {
    // The URL is percent-encoded; a single quote is the one character that could end the quoting.
    let url = url.replace('\'', "%27");
    format!("curl -X {method} -H \"Authorization: Bearer $CXONE_TOKEN\" '{url}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_url_ends_the_quoting() {
        let line = curl("GET", "https://a.example/x?$filter=name eq 'O''Hara'; rm -rf ~");
        assert_eq!(line.matches('\'').count(), 2, "{line}");
        assert!(line.contains("$CXONE_TOKEN") && line.ends_with('\''), "{line}");
    }
}
