//! The table: columns as they are arranged, marks, filters by what a cell has, and what of it is written to a file.

use super::*;
use crate::rows::fixture::profiles;
use crate::tui::kept::{Kept, What};
use crate::tui::panes::profiles::Arrangement;

fn keys(rig: &mut Rig, keys: &[&str]) {
    for key in keys {
        rig.key(key);
    }
}

/// The line of the column titles.
fn titles(rig: &Rig) -> String {
    let screen = rig.screen();
    let line = screen.lines().nth(2).and_then(|line| line.split("││").nth(1)).unwrap_or("");
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn written(rig: &mut Rig, dir: &tempfile::TempDir, name: &str) -> Vec<u8> {
    let path = dir.path().join(name);
    rig.key("Home");
    rig.key("Ctrl-K");
    rig.type_in(path.to_str().unwrap());
    rig.key("Enter");
    assert!(rig.screen().contains(" in "), "{}", rig.screen());
    rig.key("Enter");
    std::fs::read(path).unwrap()
}

#[test]
fn the_marked_rows_are_written_wherever_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = with_people(50);
    keys(&mut rig, &["Down", "Space", "Down", "Space"]);
    assert!(rig.screen().contains("2 marked"), "{}", rig.screen());
    assert_eq!(rig.screen().matches('●').count(), 2, "{}", rig.screen());
    // Sorted downwards, and a filter that one of them does not pass.
    keys(&mut rig, &["s", "s", "f"]);
    rig.type_in("/byron (3|4.)$/");
    keys(&mut rig, &["Enter", "e"]);
    let screen = rig.screen();
    assert!(screen.contains("[2 marked] 11 shown  all 50"), "{screen}");
    let text = String::from_utf8(written(&mut rig, &dir, "a.csv")).unwrap();
    let ids: Vec<&str> = text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(ids, ["PROF-0000003", "PROF-0000001"]);
    // Without a mark it is the rows that are shown.
    keys(&mut rig, &["Esc", "*", "*", "e"]);
    assert!(rig.screen().contains("[50 shown] all 50"), "{}", rig.screen());
}

#[test]
fn the_shown_columns_are_written_alone_and_in_their_order() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = with_people(3);
    // Of the attributes a column each; the e-mail to the front, most others away.
    keys(&mut rig, &["A", "g"]);
    for hidden in
        ["first_name", "last_name", "phone", "tags", "attributes.active", "created_date", "modified_date"]
    {
        keys(&mut rig, &["c", "Home"]);
        while !rig.screen().lines().any(|line| line.contains("▌[") && line.contains(&format!("] {hidden} ")))
        {
            assert!(rig.key("Down"), "{hidden} in\n{}", rig.screen());
        }
        keys(&mut rig, &["Space", "Esc"]);
    }
    keys(&mut rig, &["h", "h", "h", "h", "h", "l", "{"]);
    for (name, says) in [
        (
            "a.csv",
            "email,id,attributes.score,attributes.address.city\nada@example.org,PROF-0000000,21,Zürich\n",
        ),
        (
            "a.ndjson",
            r#"{"email":"ada@example.org","id":"PROF-0000000","attributes.score":21,"attributes.address.city":"Zürich"}"#,
        ),
        ("a.json", "[\n{\"email\":\"ada@example.org\",\"id\":\"PROF-0000000\",\"attributes.score\":21,"),
    ] {
        keys(&mut rig, &["e", "Down", "Down", "Right", "Up", "Up"]);
        assert!(rig.screen().contains("[4 shown] email, id, attributes.score,"), "{}", rig.screen());
        let text = String::from_utf8(written(&mut rig, &dir, name)).unwrap();
        assert!(text.starts_with(says), "{name}: {text}");
    }
    keys(&mut rig, &["e", "Down", "Down", "Right", "Up", "Up"]);
    written(&mut rig, &dir, "a.parquet");
    let file = std::fs::File::open(dir.path().join("a.parquet")).unwrap();
    let reader = ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let batch = reader.build().unwrap().next().unwrap().unwrap();
    let names: Vec<String> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["email", "id", "attributes.score", "attributes.address.city"]);
    let score = batch.column(2).as_any().downcast_ref::<arrow_array::StringArray>().unwrap();
    assert_eq!((batch.num_rows(), score.value(0)), (3, "21"));
}

#[test]
fn columns_stand_in_the_next_session_as_they_were_arranged() {
    let directory = tempfile::tempdir().unwrap();
    let kept = Kept::within(directory.path().into());
    let mut rig = with_people(3);
    keys(&mut rig, &["l", "x", "}", "]", "]"]);
    assert!(titles(&rig).starts_with("id email last"), "{}", titles(&rig));
    for keep in &rig.kept {
        kept.keep(keep).unwrap();
    }
    let [.., last] = rig.kept.as_slice() else { panic!() };
    assert!(matches!(&last.what, What::Whole(text) if text.contains("acme")), "{last:?}");

    let mut next = Rig::ready();
    let _ = next.app.remember(&kept);
    next.key("Ctrl-R");
    next.event(Event::Page(QueryId(1), Page { rows: profiles(0..3), number: 1, ..Page::default() }));
    assert!(titles(&next).starts_with("id email last"), "{}", titles(&next));
    // Another tenant's are its own, and what cannot be read is as if it were not there.
    next.event(Event::Ready(Arc::new(crate::engine::event::ServiceInfo {
        tenant: "other".into(),
        ..events::service()
    })));
    assert!(titles(&next).starts_with("id first last email"), "{}", titles(&next));
    std::fs::write(directory.path().join("columns.json"), "{\"acme\":[]}").unwrap();
    let mut next = Rig::ready();
    let _ = next.app.remember(&kept);
    assert_eq!(*next.app.profiles.arrangement(), Arrangement::default());

    keys(&mut rig, &["c", "X"]);
    assert_eq!(*rig.app.profiles.arrangement(), Arrangement::default());
    let [.., last] = rig.kept.as_slice() else { panic!() };
    assert_eq!(last.what, What::Whole("{}".into()));
}

#[test]
fn a_pinned_column_stays_while_the_others_move() {
    let mut rig = with_people(3);
    rig.resize(80, 24);
    keys(&mut rig, &["c", "Enter", "Esc"]);
    assert!(titles(&rig).contains("id │ first last"), "{}", titles(&rig));
    for _ in 0..8 {
        rig.key("l");
    }
    let titles = titles(&rig);
    assert!(titles.contains("id ‹") && titles.contains("modified") && !titles.contains("first"), "{titles}");
    assert!(rig.screen().contains("PROF-0000002 │"), "{}", rig.screen());
}

#[test]
fn only_the_marked_are_shown_and_one_that_is_unmarked_goes() {
    let mut rig = with_people(30);
    rig.key("v");
    assert!(rig.screen().contains("no row is marked: Space"), "{}", rig.screen());
    keys(&mut rig, &["Space", "Space", "Down", "Space", "v"]);
    assert!(rig.screen().contains("only marked  3 marked"), "{}", rig.screen());
    assert_eq!(rig.app.profiles.len(), 3);
    keys(&mut rig, &["g", "Space"]);
    assert_eq!((rig.app.profiles.len(), rig.app.profiles.selected()), (2, Some(1)));
    rig.event(Event::Page(QueryId(1), Page { rows: profiles(30..40), number: 2, ..Page::default() }));
    let _ = rig.app.prepare(rig.at);
    assert_eq!((rig.app.profiles.len(), rig.app.profiles.rows()), (2, 40));
    rig.key("Esc");
    assert_eq!((rig.app.profiles.len(), rig.app.profiles.marks().len()), (40, 2));
    // Taking the last mark away leaves nothing to show alone.
    keys(&mut rig, &["v", "Space", "Space"]);
    assert_eq!((rig.app.profiles.len(), rig.app.profiles.marks().len()), (40, 0));
}

#[test]
fn a_cell_is_filtered_by_and_its_likes_are_found() {
    let mut rig = with_people(30);
    keys(&mut rig, &["Down", "l", "l", "@"]);
    let screen = rig.screen();
    assert!(screen.contains("filter last_name=\"Byron 1\"") && screen.contains("1 pass"), "{screen}");
    keys(&mut rig, &["l", "@", "@"]);
    let text = "last_name=\"Byron 1\" & email=\"ada@example.org\"";
    assert!(rig.screen().contains(text), "{}", rig.screen());
    rig.key("Esc");
    assert_eq!(rig.app.profiles.len(), 30);
    assert_eq!(rig.app.profiles.selected(), Some(1));

    keys(&mut rig, &["#"]);
    assert_eq!(rig.app.profiles.selected(), Some(2), "all have that address");
    keys(&mut rig, &["h", "#"]);
    assert_eq!(rig.app.profiles.selected(), Some(2), "nobody else has that name");
    assert!(rig.screen().contains("1 row, wrapped"), "{}", rig.screen());
}

#[test]
fn null_and_missing_are_filtered_by_too() {
    let mut rig = Rig::running();
    rig.event(events::page(1, 1, 5));
    keys(&mut rig, &["l", "l", "l", "@"]);
    let screen = rig.screen();
    assert!(screen.contains("filter email=missing") && screen.contains("5 pass"), "{screen}");
    keys(&mut rig, &["Esc", "#"]);
    assert_eq!(rig.app.profiles.selected(), Some(1));
}

#[test]
fn an_expression_that_is_none_is_said_where_it_is_typed_and_stays_open() {
    let mut rig = with_people(30);
    rig.key("f");
    rig.type_in("email:/ada/ & /byron 2(");
    assert!(rig.screen().contains("unclosed group, at character 8"), "{}", rig.screen());
    assert_eq!(rig.app.profiles.len(), 11, "what was typed before is still in force");
    rig.key("Enter");
    assert_eq!(rig.app.context(), Context::Editor);
    rig.type_in("1|3)");
    assert_eq!(rig.app.profiles.len(), 2);
    rig.key("Enter");
    assert_eq!(rig.app.context(), Context::Profiles);
}

#[test]
fn the_end_is_followed_until_somebody_goes_up() {
    let mut rig = with_people(10);
    let page = |from: usize| {
        Event::Page(QueryId(1), Page { rows: profiles(from..from + 10), number: 2, ..Page::default() })
    };
    rig.key("F");
    rig.event(page(10));
    assert_eq!(rig.app.profiles.selected(), Some(19));
    assert!(rig.screen().contains("follow"), "{}", rig.screen());
    keys(&mut rig, &["Down", "PgDn"]);
    rig.event(page(20));
    assert_eq!(rig.app.profiles.selected(), Some(29), "down is no way from the end");
    rig.key("Up");
    rig.event(page(30));
    assert_eq!(rig.app.profiles.selected(), Some(28));
    keys(&mut rig, &["P", "F"]);
    assert!(rig.screen().contains("in pull mode"), "{}", rig.screen());
}

#[test]
fn times_are_shown_here_or_in_utc_and_it_is_said_which() {
    let mut rig = with_people(3);
    rig.app.set_zone(TimeZone::fixed(jiff::tz::offset(5)));
    rig.resize(200, 50);
    let screen = rig.screen();
    assert!(screen.contains("2026-03-04 16:59") && screen.contains("modified local"), "{screen}");
    rig.key("t");
    let screen = rig.screen();
    assert!(screen.contains("2026-03-04 11:59") && screen.contains("modified UTC"), "{screen}");
    assert!(screen.contains("times are shown in UTC") && screen.contains("times UTC"), "{screen}");
    rig.key("t");
    assert!(rig.screen().contains("which is UTC+05 now"), "{}", rig.screen());
}

#[test]
fn what_is_masked_stays_so_where_it_is_filtered_by_or_searched_for() {
    let mut rig = with_people(30);
    keys(&mut rig, &["m", "l", "l", "@", "l", "@", "#"]);
    let screen = rig.screen();
    assert!(screen.contains("MASKED") && screen.contains("1 pass"), "{screen}");
    assert!(screen.contains("filter last_name=B••·") && screen.contains("& email=a••@••.org·"), "{screen}");
    assert!(screen.contains("/email=a••@••.org·"), "{screen}");
    assert!(!screen.contains("Byron") && !screen.contains("ada@"), "{screen}");
}
