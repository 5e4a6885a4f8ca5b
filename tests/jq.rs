//! Expressions that would hang, eat all memory or overrun a stack, worked out by the real program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cxlens::tui::jq::{Answer, Ask, End};

fn ask(expression: &str) -> Ask {
    Ask {
        ticket: 1,
        expression: expression.into(),
        json: Arc::from(r#"{"id":"PROF-1","tags":["vip","beta"]}"#),
        dropped: Arc::new(AtomicBool::new(false)),
    }
}

fn answer(expression: &str) -> Answer {
    ask(expression).run_by(Ok(env!("CARGO_BIN_EXE_cxlens").into()))
}

#[test]
fn an_expression_is_worked_out() {
    let text = "\"PROF-1\"\n[\n  \"vip\",\n  \"beta\"\n]".to_owned();
    assert_eq!(answer(".id, .tags"), Answer { text, values: 2, end: End::Done });
    let why = "term is expected here".to_owned();
    assert_eq!(answer(".id |").end, End::Refused { at: Some(5), why });
}

#[test]
fn one_that_never_ends_is_stopped_and_what_it_said_before_is_kept() {
    for expression in ["1, (def f: f; f)", "1, last(repeat(1))", "1, ([limit(1e15; repeat(1))] | length)"] {
        let Answer { text, values, end } = answer(expression);
        assert_eq!((text.as_str(), values), ("1", 1), "{expression}");
        assert!(matches!(&end, End::Stopped(why) if why.starts_with("stopped")), "{expression}: {end:?}");
    }
}

#[test]
fn one_that_says_too_much_is_cut() {
    for expression in ["range(1e12)", "repeat(1)"] {
        let Answer { values, end, .. } = answer(expression);
        assert_eq!((values, end), (5_000, End::Cut), "{expression}");
    }
    assert_eq!(answer("\"x\" * 1000000").end, End::Cut);
}

#[test]
fn memory_and_depth_have_their_bounds() {
    for expression in ["def f: [f]; f", "def f: 1 + f; f", "\"x\" * 1e10", "reduce range(1e7) as $i (.; [.])"]
    {
        let Answer { values, end, .. } = answer(expression);
        assert_eq!(values, 0, "{expression}");
        assert!(matches!(&end, End::Stopped(_) | End::Refused { .. }), "{expression}: {end:?}");
    }
}

#[test]
fn one_that_is_not_wanted_any_more_is_stopped_at_once() {
    let ask = ask("def f: f; f");
    ask.dropped.store(true, Ordering::Relaxed);
    let answer = ask.run_by(Ok(env!("CARGO_BIN_EXE_cxlens").into()));
    assert_eq!(answer.end, End::Stopped("not wanted any more".into()));
}

#[test]
fn a_program_that_is_not_there_is_said() {
    let answer = ask(".").run_by(Ok("/nonexistent/cxlens".into()));
    assert!(matches!(&answer.end, End::Stopped(why) if why.contains("cannot be started")), "{answer:?}");
}
