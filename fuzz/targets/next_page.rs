#![no_main]

#[path = "../bodies/next_page.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::run(data));
