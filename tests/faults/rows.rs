//! The rows of the contract's tables of faults, in its words, and the tests that prove those which no single answer of the
//! service plays. A row without a test cannot be: see [`every_row_has_a_test`].

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;

use super::{identity, network, paging, payload, rate};

/// A row, and tests beside those that the sandbox plays, as `FILE::FUNCTION` below `tests` (or `src`).
struct Row {
    table: &'static str,
    words: &'static str,
    tests: &'static [&'static str],
}

/// Rows that come with what they are about, which is not built.
const LATER: &[(&str, &str)] = &[("Webhooks", "the receiver")];

macro_rules! rows {
    ($($table:literal { $($words:literal $(by $($test:literal)+)?;)* })*) => {
        const ROWS: &[Row] = &[$($(Row { table: $table, words: $words, tests: &[$($($test,)+)?] },)*)*];
    };
}

rows! {
    "Rate" {
        "429 with seconds" by
            "faults/rate.rs::one_gate_for_pages_and_tokens_and_no_stampede_behind_it"
            "faults/rate.rs::nothing_reaches_the_service_while_it_wants_silence";
        "429 with an HTTP date (3 forms), skewed clock";
        "in the past, 0, negative, `1.5`, ` 7 `, `soon`, year 9999";
        "longer than `--max-wait`" by
            "faults/rate.rs::a_closed_window_holds_for_the_next_run_too"
            "cli_headless.rs::a_stopped_run_goes_on_into_the_same_pipe";
        "none";
        "`RateLimit: \"d\";r=0;t=30`, the old `limit=, remaining=` form, `X-RateLimit-*`";
        "403 with remaining 0";
        "429 for ever, 503 for ever";
    }
    "Identity" {
        "401 mid-paging; 50 at once" by "faults/identity.rs::fifty_401s_at_once_ask_for_one_token";
        "401 for a token that was never accepted; the third 401 in a row for one request";
        "`invalid_client`, `invalid_scope`, `unauthorized_client`";
        "403 `insufficient_scope`" by
            "faults/identity.rs::a_refusal_that_repeats_the_token_in_its_challenge_is_cleaned";
        "`expires_in` missing, text, float, negative, under 60 s; no `token_type`; empty `access_token`; HTML" by
            "faults/identity.rs::a_token_reply_that_is_no_good_is_not_shown";
        "token endpoint 429, 5xx, slow" by
            "faults/identity.rs::a_cancelled_run_does_not_cancel_the_token_that_another_waits_for";
        "clock steps, suspend and resume";
    }
    "Network and HTTP" {
        "DNS, refused, connect time-out, reset, GOAWAY" by
            "faults/network.rs::a_name_without_an_address_is_tried_again_and_named"
            "faults/network.rs::a_refused_connection_is_tried_again_and_named"
            "faults/network.rs::a_connection_that_takes_too_long_is_tried_again_and_named"
            "faults/network.rs::a_connection_that_says_goodbye_is_asked_again_on_another";
        "bad TLS certificate" by
            "faults/network.rs::a_certificate_that_nobody_signed_is_refused_once_and_for_all";
        "reset or cut mid-body";
        "drip-fed body";
        "redirect";
        "proxy from the environment; 407" by
            "faults/network.rs::a_proxy_from_the_environment_that_wants_a_login_is_an_error_of_its_own";
        "captive portal: 200 with HTML";
        "gzip bomb, endless body" by
            "faults/network.rs::a_page_is_at_most_sixteen_mebibytes_unless_said_otherwise";
    }
    "Paging" {
        "next page on another origin, `//evil`, user info, other port, `http` for `https`, a path outside the API's own";
        "relative; cursor; same page again; endless fresh URLs with old rows";
        "empty page with a next";
        "rows shift while paging; total changes";
        "200 with `{\"error\": ...}`, no `items`, an array, 204, empty 200" by
            "faults/paging.rs::what_is_no_list_is_never_cached";
    }
    "Payload" {
        "an ID that is a number or null, wrong types in any field, unknown keys, duplicate keys";
        "a row that is no object; invalid UTF-8, lone surrogate, NaN, `1e999`, raw control characters, depth over 128 in a row";
        "`9007199254740993`, 60 digits, `0012`, `1.10`, `1.2.3`, `²`, `٣`, `+1`, ` 42 `, `1e5`, `-5`, `NaN`" by
            "faults/payload.rs::a_number_of_any_length_keeps_its_digits";
        "ESC, OSC 52, CSI, C1, BEL, CR, TAB, NUL, bidi overrides and isolates, zero-width, tag characters, a million combining marks" by
            "cli_headless.rs::nothing_from_outside_reaches_stdout_or_stderr_unclean"
            "cli_headless.rs::a_wrong_value_drives_no_terminal";
        "CSV cells that begin with `= + - @ TAB CR` (full-width forms too)";
    }
    "Machine" {
        "disk full, read-only, EIO on the audit trail" by
            "machine/audit.rs::on_a_full_disk_nothing_is_asked_without_its_entry"
            "machine/audit.rs::on_a_disk_that_is_full_from_the_start_or_read_only_nothing_is_asked"
            "machine/audit.rs::where_the_intent_cannot_be_written_nothing_is_asked"
            "machine/audit.rs::where_the_end_cannot_be_written_that_is_said_and_the_intent_stands"
            "machine/audit.rs::the_explorer_says_in_a_panel_that_nothing_is_asked_and_goes_on";
        "kill -9 at any write" by
            "kill.rs::killed_before_every_call_nothing_acknowledged_is_lost"
            "kill.rs::killed_in_the_middle_of_a_line_the_piece_is_cut_off_and_noted"
            "kill.rs::killed_at_random_nothing_acknowledged_is_lost";
        "two processes, one audit trail" by
            "machine/audit.rs::two_processes_write_whole_entries_into_one_chain";
        "an entry changed, removed, moved, the tail cut" by
            "machine/audit.rs::an_entry_that_was_changed_removed_moved_or_cut_off_is_named"
            "src/engine/audit/chain/tests.rs::every_byte_that_is_changed_is_found";
        "export killed, target exists, symlink in the way" by
            "machine/files.rs::an_export_that_is_killed_leaves_what_it_wrote_under_its_partial_name"
            "cli_headless.rs::an_interrupted_file_is_kept_as_partial_and_named"
            "cli_headless.rs::a_file_that_is_there_is_replaced_only_by_force_and_a_link_never"
            "machine/files.rs::an_export_to_a_full_disk_keeps_what_was_written_and_names_it";
        "config unreadable, unknown key, wrong type, readable by others while it holds a secret" by
            "machine/files.rs::a_configuration_that_is_no_good_is_refused_with_its_place";
        "panic in the UI, in a task; SIGTERM, SIGHUP, SIGINT, SIGTSTP and SIGCONT" by
            "signals_pty.rs::a_panic_in_the_ui_gives_the_terminal_back"
            "signals_pty.rs::a_panic_in_a_task_gives_the_terminal_back"
            "signals_pty.rs::a_panic_in_a_thread_gives_the_terminal_back"
            "signals_pty.rs::an_error_gives_the_terminal_back"
            "signals_pty.rs::sigterm_gives_the_terminal_back"
            "signals_pty.rs::sighup_gives_the_terminal_back"
            "signals_pty.rs::sigint_gives_the_terminal_back"
            "signals_pty.rs::sigtstp_and_sigcont_give_the_terminal_back_and_take_it_again"
            "signals_pty.rs::a_terminal_that_goes_away_ends_it";
        "resize to 1×1 and back, 10 MB pasted, `ESC[201~` inside a paste" by
            "tui_pty.rs::any_size_is_drawn_or_said_to_be_too_small"
            "tui_pty/pasting.rs::one_cell_while_rows_stream_in_and_back"
            "tui_pty/pasting.rs::ten_megabytes_pasted_are_capped_and_counted"
            "tui_pty/pasting.rs::a_mark_of_the_end_inside_a_paste_types_nothing";
        "stdout closed (`| head`)" by
            "cli_headless.rs::a_closed_pipe_is_a_quiet_end"
            "machine/files.rs::a_stdout_that_closes_is_a_quiet_end_in_every_format"
            "machine/files.rs::a_stderr_that_is_closed_changes_no_exit_code";
    }
    "Secrets" {
        "in no log, audit entry, recording, error, panic message, process list, clipboard or export" by
            "secrets/canaries.rs::nothing_that_is_secret_is_found_anywhere_and_nobody_where_others_read"
            "cli_headless.rs::a_secret_is_nowhere_but_where_it_was_given";
        "our copies wiped from memory after use" by
            "secrets/memory.rs::of_secrets_nothing_of_ours_is_left_in_memory_when_the_work_is_over";
        "`Debug` prints `[redacted]`" by
            "src/engine/secret.rs::it_is_asked_for_once_and_again_where_it_was_refused_or_could_not_be_had";
        "core dumps off" by
            "secrets.rs::no_core_dump_is_left_and_no_other_program_of_the_user_reads_our_memory";
        "personal values never in the log or the audit trail" by
            "secrets/canaries.rs::nothing_that_is_secret_is_found_anywhere_and_nobody_where_others_read"
            "cli_headless.rs::every_run_is_in_the_trail_without_anybodys_data";
    }
}

/// Whether a file has this function, as a test that is not left out.
fn is_a_test(place: &str) -> bool {
    let (file, function) = place.split_once("::").unwrap();
    let path = if file.starts_with("src/") { file.to_owned() } else { format!("tests/{file}") };
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let begins = |line: &&str| {
        line.trim_start_matches("async ")
            .strip_prefix("fn ")
            .is_some_and(|rest| rest.starts_with(&format!("{function}(")))
    };
    lines.iter().position(begins).is_some_and(|at| {
        let above: Vec<_> = lines[..at].iter().rev().take_while(|line| line.starts_with('#')).collect();
        above.iter().any(|line| matches!(**line, "#[test]" | "#[tokio::test]"))
            && !above.iter().any(|line| line.starts_with("#[ignore"))
    })
}

#[test]
fn every_row_has_a_test() {
    let tables = [rate::PLAYED, identity::PLAYED, network::PLAYED, paging::PLAYED, payload::PLAYED];
    let played: Vec<(&str, &str)> = tables.into_iter().flatten().copied().collect();
    let (mut missing, mut said, mut tests) = (String::new(), String::new(), 0);
    for Row { table, words, tests: others } in ROWS {
        let plays = played.iter().filter(|(row, _)| row == words).count();
        for test in others.iter().filter(|test| !is_a_test(test)) {
            let _ = writeln!(missing, "{table}: {words}: there is no test {test}");
        }
        if plays + others.len() == 0 {
            let _ = writeln!(missing, "{table}: {words}: no test at all");
        }
        tests += plays + others.len();
    }
    let rows: BTreeSet<_> = ROWS.iter().map(|row| row.words).collect();
    for (row, test) in played.iter().filter(|(row, _)| !rows.contains(row)) {
        let _ = writeln!(missing, "{test} plays {row}, which is no row");
    }
    assert_eq!(rows.len(), ROWS.len(), "a row stands twice");
    for (table, what) in LATER {
        let _ = writeln!(said, "!! {table}: comes with {what}, which is not built");
    }
    let _ = writeln!(said, "faults: {} rows, {tests} tests, {} missing", ROWS.len(), missing.lines().count());
    std::io::stderr().lock().write_all(said.as_bytes()).unwrap();
    assert_eq!(missing, "");
}
