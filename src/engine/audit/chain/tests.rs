//! What the chain finds, and what it accounts for.

use super::super::entry::tests::entry;
use super::super::{Access, Audit, Entry, User, Who};
use super::*;

/// A trail of five entries in two files, and its head.
fn trail() -> (tempfile::TempDir, Link) {
    let root = tempfile::tempdir().unwrap();
    let audit = Audit::open(root.path()).unwrap();
    let mut head = Link::before_all();
    for month in ["03", "03", "04", "03", "04"] {
        head = audit.record(&Entry { time: format!("2026-{month}-01T00:00:00Z"), ..entry() }).unwrap();
    }
    (root, head)
}

fn place(bad: &BadLine) -> String {
    format!("{}:{}", bad.file.file_name().unwrap().to_string_lossy(), bad.line)
}

#[test]
fn the_chain_goes_from_file_to_file_and_never_back() {
    let (root, head) = trail();
    assert_eq!(
        verify(root.path(), None).unwrap(),
        Verified {
            head: head.clone(),
            entries: 5,
            unchained: 0,
            removed: 0,
            unfinished: 0,
            kept_is_older: false
        }
    );
    assert_eq!(verify(root.path(), Some(&head)).unwrap().head, head);
    assert_eq!(head.to_string().parse::<Link>().unwrap(), head);
    let lines = |name| fs::read_to_string(root.path().join(name)).unwrap().lines().count();
    assert_eq!((lines("2026-03.jsonl"), lines("2026-04.jsonl")), (2, 3));
}

#[test]
fn every_byte_that_is_changed_is_found() {
    let root = tempfile::tempdir().unwrap();
    let audit = Audit::open(root.path()).unwrap();
    for month in ["03", "04", "04"] {
        audit.record(&Entry { time: format!("2026-{month}-01T00:00:00Z"), ..entry() }).unwrap();
    }
    for name in ["2026-03.jsonl", "2026-04.jsonl"] {
        let path = root.path().join(name);
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&path, &changed).unwrap();
            let bad = verify(root.path(), None).expect_err(&format!("{name}, byte {at}"));
            let line = whole[..at].split(|b| *b == b'\n').count();
            // The line itself, or the one whose hash does not fit any more.
            assert!(bad.line == line || bad.line == line + 1 || bad.line == 1, "{name}, byte {at}: {bad}");
        }
        fs::write(&path, &whole).unwrap();
    }
    verify(root.path(), None).unwrap();
}

#[test]
fn lines_that_are_dropped_swapped_repeated_or_cut_off_are_named() {
    let (root, head) = trail();
    let path = root.path().join("2026-04.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    for (order, line) in [
        (&[1, 2][..], 1),
        (&[0, 2][..], 2),
        (&[1, 0, 2][..], 1),
        (&[0, 2, 1][..], 2),
        (&[0, 1, 1, 2][..], 3),
        (&[0, 1][..], 3),
        (&[][..], 3),
    ] {
        let changed: String = order.iter().map(|&n: &usize| lines[n]).collect();
        fs::write(&path, changed).unwrap();
        let bad = verify(root.path(), None).expect_err(&format!("{order:?}"));
        assert_eq!(bad.line, line, "{order:?}: {bad}");
    }
    // With the head file gone too, a cut tail is seen against a head that was kept.
    fs::write(&path, lines[..2].concat()).unwrap();
    fs::remove_file(root.path().join(HEAD_FILE)).unwrap();
    verify(root.path(), None).unwrap();
    assert_eq!(place(&verify(root.path(), Some(&head)).unwrap_err()), "2026-04.jsonl:3");
    // And so is a chain that somebody made anew.
    let other = Link { hash: NOTHING.into(), ..head };
    fs::write(&path, &whole).unwrap();
    assert_eq!(place(&verify(root.path(), Some(&other)).unwrap_err()), "2026-04.jsonl:3");
}

#[test]
fn a_head_file_that_lags_behind_or_is_gone_is_made_good() {
    let (root, _) = trail();
    let old = fs::read(root.path().join(HEAD_FILE)).unwrap();
    let audit = Audit::open(root.path()).unwrap();
    audit.record(&entry()).unwrap();
    for head in [Some(old), Some(b"{".to_vec()), None] {
        match head {
            Some(head) => fs::write(root.path().join(HEAD_FILE), head).unwrap(),
            None => fs::remove_file(root.path().join(HEAD_FILE)).unwrap(),
        }
        let before = verify(root.path(), None).unwrap().entries;
        assert_eq!(audit.head().unwrap().seq, before);
        let link = audit.record(&entry()).unwrap();
        assert_eq!((link.seq, verify(root.path(), None).unwrap().head), (before + 1, link));
    }
}

#[test]
fn a_tail_that_was_cut_off_in_a_line_takes_nothing_with_it() {
    let (root, head) = trail();
    let path = root.path().join("2026-04.jsonl");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 30]).unwrap();
    let audit = Audit::open(root.path()).unwrap();
    let link = audit.record(&Entry { time: "2026-04-02T00:00:00Z".into(), ..entry() }).unwrap();
    assert_eq!(link.seq, head.seq + 2, "the piece is noted");
    let lines = fs::read_to_string(&path).unwrap();
    assert_eq!(hash(lines.lines().last().unwrap().as_bytes()), link.hash, "{lines}");
    assert_eq!(place(&verify(root.path(), None).unwrap_err()), "2026-04.jsonl:3", "the gap is seen");
}

#[test]
fn a_head_that_cannot_be_ours_is_damage() {
    let (root, _) = trail();
    let head = Head::read(root.path()).unwrap();
    for seq in [u64::MAX, MOST] {
        let link = Link { seq, ..head.link.clone() };
        assert!(link.to_string().parse::<Link>().is_err());
        Head { link, ..head.clone() }.write(root.path()).unwrap();
        assert_eq!(Head::read(root.path()), None);
        let line = format!("{{\"seq\":{seq},\"prev\":\"x\"}}");
        assert!(matches!(head.link.next(line.as_bytes()), Err(Broken::NoLink)));
    }
    for file in ["2026-05.sjonl", "../2026-05.jsonl", "a/2026-05.jsonl"] {
        Head { file: file.into(), ..head.clone() }.write(root.path()).unwrap();
        assert_eq!(Head::read(root.path()), None, "nothing is written there: {file}");
    }
    let audit = Audit::open(root.path()).unwrap();
    assert_eq!(audit.record(&entry()).unwrap().seq, 6, "the lines say where it ends");
}

#[test]
fn a_head_file_that_says_a_line_ends_where_none_does_costs_no_entry() {
    let (root, _) = trail();
    let path = root.path().join("2026-04.jsonl");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let mut head = Head::read(root.path()).unwrap();
    head.bytes -= 1;
    head.write(root.path()).unwrap();
    let audit = Audit::open(root.path()).unwrap();
    let link = audit.record(&Entry { time: "2026-04-02T00:00:00Z".into(), ..entry() }).unwrap();
    let lines = fs::read_to_string(&path).unwrap();
    assert_eq!(hash(lines.lines().last().unwrap().as_bytes()), link.hash, "it stands there whole");
    assert_eq!(place(&verify(root.path(), None).unwrap_err()), "2026-04.jsonl:3");
}

#[test]
fn a_head_file_of_an_earlier_line_in_another_place_is_made_good() {
    let (root, last) = trail();
    let file = root.path().join("2026-03.jsonl");
    let second = hash(fs::read_to_string(file).unwrap().lines().nth(1).unwrap().as_bytes());
    let head = Head { link: Link { seq: 2, hash: second }, file: "2026-04.jsonl".into(), bytes: 40 };
    head.write(root.path()).unwrap();
    let audit = Audit::open(root.path()).unwrap();
    assert_eq!(audit.head().unwrap(), last);
    assert_eq!(audit.record(&entry()).unwrap().seq, 6);
    assert_eq!(verify(root.path(), None).unwrap().entries, 6);
}

#[test]
fn a_last_line_that_was_changed_stays_seen_when_more_is_written() {
    let (root, _) = trail();
    let file = root.path().join("2026-04.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    let at = text.rfind("\"rows\":").unwrap();
    fs::write(&file, format!("{}\"rows\":9{}", &text[..at], &text[at + 8..])).unwrap();
    Audit::open(root.path()).unwrap().record(&entry()).unwrap();
    assert_eq!(place(&verify(root.path(), None).unwrap_err()), "2026-04.jsonl:4");
}

#[test]
fn a_tail_that_was_cut_off_stays_seen_when_more_is_written() {
    let (root, _) = trail();
    let path = root.path().join("2026-04.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, whole.split_inclusive('\n').next().unwrap()).unwrap();
    Audit::open(root.path()).unwrap().record(&entry()).unwrap();
    assert_eq!(place(&verify(root.path(), None).unwrap_err()), "2026-04.jsonl:2");
}

fn who() -> Who {
    let user = User { name: "ada".into(), uid: 1000 };
    let access = Access::default();
    Who { user, tenant: "acme".into(), dialect: "crm-v2".into(), sandbox: false, access }
}

/// A trail of January to April, two entries a month.
fn four_months() -> (tempfile::TempDir, Audit) {
    let root = tempfile::tempdir().unwrap();
    let audit = Audit::open(root.path()).unwrap();
    for month in ["01", "01", "02", "02", "03", "03", "04", "04"] {
        audit.record(&Entry { time: format!("2026-{month}-01T00:00:00Z"), ..entry() }).unwrap();
    }
    (root, audit)
}

fn forget(audit: &Audit, before: &str) -> Vec<String> {
    audit.forget(&who(), before.parse().unwrap(), "2026-04-20T00:00:00Z".parse().unwrap()).unwrap()
}

#[test]
fn months_that_are_removed_leave_a_chain_that_holds_and_says_so() {
    let (root, audit) = four_months();
    let early = Link { seq: 3, hash: NOTHING.into() };
    assert_eq!(forget(&audit, "2026-01-31"), [""; 0], "a month that is not over stays");
    assert_eq!(forget(&audit, "2026-03-31"), ["2026-01.jsonl", "2026-02.jsonl"]);
    let verified = verify(root.path(), None).unwrap();
    assert_eq!((verified.entries, verified.removed, verified.head.seq), (5, 4, 9));
    assert!(verify(root.path(), Some(&early)).unwrap().kept_is_older);
    // The last file stays, and what is written goes on, also without the head file.
    fs::remove_file(root.path().join(HEAD_FILE)).unwrap();
    assert_eq!(audit.record(&Entry { time: "2026-04-21T00:00:00Z".into(), ..entry() }).unwrap().seq, 10);
    assert_eq!(forget(&audit, "2027-01-01"), ["2026-03.jsonl"]);
    let verified = verify(root.path(), None).unwrap();
    assert_eq!((verified.entries, verified.removed), (5, 6));
    assert_eq!(forget(&audit, "2027-01-01"), [""; 0]);
    assert!(verify(root.path(), Some(&Link { seq: 6, hash: NOTHING.into() })).is_err());
}

#[test]
fn months_that_are_gone_without_an_entry_are_missed() {
    let (root, audit) = four_months();
    fs::remove_file(root.path().join("2026-01.jsonl")).unwrap();
    assert_eq!(place(&verify(root.path(), None).unwrap_err()), "2026-02.jsonl:1");
    // And nothing more is removed from what does not hold.
    assert_eq!(forget(&audit, "2026-04-01"), [""; 0]);
    // Nor is an entry about others enough.
    let (root, audit) = four_months();
    forget(&audit, "2026-02-01");
    fs::remove_file(root.path().join("2026-02.jsonl")).unwrap();
    assert_eq!(place(&verify(root.path(), None).unwrap_err()), "2026-03.jsonl:1");
}

#[test]
fn an_intent_that_nothing_ends_is_counted() {
    let root = tempfile::tempdir().unwrap();
    let audit = Audit::open(root.path()).unwrap();
    let intent = Entry { event: "intent".into(), of: None, ..entry() };
    let first = audit.record(&intent).unwrap();
    audit.record(&intent).unwrap();
    assert_eq!(verify(root.path(), None).unwrap().unfinished, 2);
    audit.record(&Entry { of: Some(first.seq), ..entry() }).unwrap();
    assert_eq!(verify(root.path(), None).unwrap().unfinished, 1);
}

#[test]
fn a_file_with_the_lines_of_a_trail_is_walked_like_one() {
    let (root, head) = trail();
    let read = |name| fs::read(root.path().join(name)).unwrap();
    let file = root.path().join("all.ndjson");
    fs::write(&file, [read("2026-03.jsonl"), read("2026-04.jsonl")].concat()).unwrap();
    assert_eq!(verify(&file, Some(&head)).unwrap().entries, 5);
    fs::write(&file, read("2026-03.jsonl")).unwrap();
    assert_eq!(verify(&file, None).unwrap().entries, 2);
    assert_eq!(place(&verify(&file, Some(&head)).unwrap_err()), "all.ndjson:3");
}

#[test]
fn entries_from_before_there_was_a_chain_are_counted_and_the_chain_begins_with_them() {
    let root = tempfile::tempdir().unwrap();
    let old = serde_json::to_string(&Entry { schema: 1, ..entry() }).unwrap();
    let path = root.path().join("2026-02.jsonl");
    fs::write(&path, format!("{old}\n{old}\n")).unwrap();
    Audit::open(root.path()).unwrap().record(&entry()).unwrap();
    let verified = verify(root.path(), None).unwrap();
    assert_eq!((verified.entries, verified.unchained), (1, 2));
    fs::write(&path, format!("{old}\n")).unwrap();
    fs::write(&path, format!("{old}\n{}\n", old.replace("\"rows\":", "\"rows\":1"))).unwrap();
    assert_eq!(place(&verify(root.path(), None).unwrap_err()), "2026-03.jsonl:1");
}
