//! The lines that can be measured.

use std::process::Stdio;
use std::time::Duration;

use cxlens::engine::options::Bounds;
use cxlens::engine::query::Draft;

use crate::client::{Session, everybody};
use crate::roles::runtime;
use crate::screen;
use crate::spawn::{Home, Seen, Server, Wanted};
use crate::table::{Figures, Row, Table, grouped};
use crate::{Outcome, floor};

/// One line of the bench; some fill several rows of the table.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) says: &'static str,
    /// Takes long, and is measured only when asked for.
    pub(crate) only_when_named: bool,
    /// Measures it; with fewer repetitions where that is wanted.
    pub(crate) measure: fn(&mut Table, bool) -> Outcome<()>,
}

const fn line(name: &'static str, says: &'static str, measure: fn(&mut Table, bool) -> Outcome<()>) -> Line {
    Line { name, says, only_when_named: false, measure }
}

/// All of them, in the order of the table.
pub(crate) const ALL: &[Line] = &[
    line("latency", "10,000 profiles at 100 ms", latency),
    line("latency20", "10,000 profiles at 20 ms", latency20),
    line("throughput", "100,000 profiles without latency, and what they take", throughput),
    line("limited", "5,000 profiles at 10 requests a second", limited),
    line("first-row", "from the start of the program to the first row", first_row),
    line("windows", "requests into closed Retry-After windows", windows),
    line("one-reply", "one reply of 50 MB, opened in the explorer", one_reply),
    line("token", "50 requests at an expired token", token),
    line("cache", "the same query again", cache),
    Line {
        name: "million",
        says: "1,000,000 profiles, and what they take",
        only_when_named: true,
        measure: million,
    },
];

/// Profiles a page.
const PAGE: u64 = 50;
/// Requests side by side.
const SIDE: u64 = 5;

fn percent(share: f64) -> f64 {
    share * 100.0
}

/// One run of the engine, from the first page's request to its end.
fn paging(server: &Server, profiles: usize) -> Outcome<Duration> {
    runtime()?.block_on(async {
        let ran = Session::start(server.service()?).run(&everybody()).await?;
        if ran.ids.len() != profiles {
            return Err(format!("{} of {profiles} came", ran.ids.len()).into());
        }
        ran.paging()
    })
}

fn latency(table: &mut Table, quick: bool) -> Outcome<()> {
    const PROFILES: usize = 10_000;
    const LATENCY: Duration = Duration::from_millis(100);
    let pages = PROFILES as u64 / PAGE;
    let ideal = |latency: f64| latency * pages as f64 / SIDE as f64;
    let bare = |server: &Server| runtime()?.block_on(floor::pages(server, pages));
    for announce_total in [false, true] {
        let mut server =
            Server::start(Wanted { latency: LATENCY, announce_total, ..Wanted::people(PROFILES) })?;
        let (mut share, mut floor, mut spare) = (Figures::default(), Figures::default(), Figures::default());
        let (mut nominal, mut real) = (Figures::default(), Figures::default());
        for _ in 0..if quick { 1 } else { 5 } {
            server.forget()?;
            let took = paging(&server, PROFILES)?.as_secs_f64();
            spare.add((server.seen()?.contacts - pages) as f64);
            let mut latency = Figures::default();
            for exchange in runtime()?.block_on(floor::exchanges(&server, 10))? {
                latency.add(exchange.as_secs_f64());
            }
            real.add(latency.median() * 1e3);
            share.add(percent(ideal(latency.median()) / took));
            nominal.add(percent(ideal(LATENCY.as_secs_f64()) / took));
            floor.add(percent(ideal(latency.median()) / bare(&server)?.as_secs_f64()));
        }
        let total = if announce_total { "with a total" } else { "without a total" };
        let most = if announce_total { 0.0 } else { 4.0 };
        table.add(Row {
            what: format!(
                "10,000 profiles at 100 ms (in truth {}), {total}: share of concurrency × page size / latency",
                real.shown(1, " ms")
            ),
            figure: format!("{}; of 100 ms sharp {}", share.shown(1, " %"), nominal.shown(1, " %")),
            floor: format!("{}, all pages known", floor.shown(1, " %")),
            goal: "≥ 97 %".into(),
            met: share.median() >= 97.0,
        });
        table.add(Row {
            what: format!("… requests too many, {total}"),
            figure: spare.shown(0, ""),
            floor: "0".into(),
            goal: format!("≤ {most}"),
            met: spare.most() <= most,
        });
    }
    Ok(())
}

fn latency20(table: &mut Table, quick: bool) -> Outcome<()> {
    const PROFILES: usize = 10_000;
    let latency = Duration::from_millis(20);
    let server = Server::start(Wanted { latency, ..Wanted::people(PROFILES) })?;
    let (mut share, mut floor) = (Figures::default(), Figures::default());
    for _ in 0..if quick { 3 } else { 15 } {
        let bare = runtime()?.block_on(floor::pages(&server, PROFILES as u64 / PAGE))?.as_secs_f64();
        floor.add(PROFILES as f64 / bare);
        share.add(percent(bare / paging(&server, PROFILES)?.as_secs_f64()));
    }
    table.add(Row {
        what: "10,000 profiles at 20 ms: share of what a bare client reaches, five pages side by side".into(),
        figure: share.shown(1, " %"),
        floor: floor.shown(0, " profiles/s"),
        goal: "≥ 95 %".into(),
        met: share.median() >= 95.0,
    });
    Ok(())
}

fn throughput(table: &mut Table, quick: bool) -> Outcome<()> {
    flat_out(table, 100_000, if quick { 3 } else { 11 }, 40.0)
}

fn million(table: &mut Table, quick: bool) -> Outcome<()> {
    flat_out(table, 1_000_000, if quick { 1 } else { 3 }, 80.0)
}

/// The program against the bare client, as fast as they can.
fn flat_out(table: &mut Table, profiles: usize, times: usize, most_mib: f64) -> Outcome<()> {
    let server = Server::start(Wanted::people(profiles))?;
    let home = Home::new()?;
    let bench = std::env::current_exe()?;
    let pages = (profiles as u64 / PAGE).to_string();
    let bare = [bench.to_str().ok_or("the path of this program")?, "@floor", &pages, "50"];
    let n = profiles as f64;
    let (mut speed, mut cost, mut peak) = (Figures::default(), Figures::default(), Figures::default());
    let (mut floor, mut floor_cost, mut floor_peak) =
        (Figures::default(), Figures::default(), Figures::default());
    for _ in 0..times {
        let used = home.measured(&server, &bare, Stdio::null())?;
        floor.add(n / used.wall.as_secs_f64());
        floor_cost.add(used.cpu.as_secs_f64() * 1e6 / n);
        floor_peak.add(used.peak_kib as f64 / 1024.0);
        let (used, lines) = home.query(&server, &["--segment", "SEG-ALL"])?;
        if lines != profiles as u64 {
            return Err(format!("{lines} of {profiles} came").into());
        }
        speed.add(n / used.wall.as_secs_f64());
        cost.add(used.cpu.as_secs_f64() * 1e6 / n);
        peak.add(used.peak_kib as f64 / 1024.0);
    }
    let many = grouped(n, 0);
    table.add(Row {
        what: format!("{many} profiles without latency, end to end to NDJSON: profiles a second"),
        figure: speed.shown(0, ""),
        floor: format!("{}, bodies thrown away", floor.shown(0, "")),
        goal: "≥ 150,000".into(),
        met: speed.median() >= 150_000.0,
    });
    table.add(Row {
        what: "… processor time a profile".into(),
        figure: cost.shown(1, " µs"),
        floor: floor_cost.shown(1, " µs"),
        goal: "≤ 10 µs".into(),
        met: cost.median() <= 10.0,
    });
    table.add(Row {
        what: "… peak memory".into(),
        figure: peak.shown(1, " MiB"),
        floor: floor_peak.shown(1, " MiB"),
        goal: format!("≤ {most_mib} MiB"),
        met: peak.most() <= most_mib,
    });
    Ok(())
}

fn limited(table: &mut Table, quick: bool) -> Outcome<()> {
    const PROFILES: usize = 5_000;
    let pages = PROFILES as u64 / PAGE;
    let rate = 10.0;
    let ideal = (pages as f64 - rate) / rate;
    for announce_limits in [false, true] {
        let mut server =
            Server::start(Wanted { rate: Some(rate), announce_limits, ..Wanted::people(PROFILES) })?;
        let (mut throttled, mut time) = (Figures::default(), Figures::default());
        for _ in 0..if quick { 1 } else { 5 } {
            server.forget()?;
            time.add(paging(&server, PROFILES)?.as_secs_f64() / ideal);
            throttled.add(server.seen()?.throttled as f64 * 100.0 / pages as f64);
        }
        let announced = if announce_limits { "announced" } else { "not announced" };
        let most = if announce_limits { 0.0 } else { 1.0 };
        table.add(Row {
            what: format!("5,000 profiles at 10 requests/s (burst 10), {announced}: 429s a hundred pages"),
            figure: throttled.shown(0, ""),
            floor: "0".into(),
            goal: format!("≤ {most}"),
            met: throttled.most() <= most,
        });
        table.add(Row {
            what: format!("… time beside (pages − burst) / rate, {announced}"),
            figure: time.shown(3, ""),
            floor: "1".into(),
            goal: "≤ 1.03".into(),
            met: time.median() <= 1.03,
        });
    }
    Ok(())
}

fn first_row(table: &mut Table, quick: bool) -> Outcome<()> {
    let latency = Duration::from_millis(100);
    let server = Server::start(Wanted { latency, ..Wanted::people(500) })?;
    let home = Home::new()?;
    let millis = |d: Duration| d.as_secs_f64() * 1e3;
    let (mut above, mut floor) = (Figures::default(), Figures::default());
    for _ in 0..if quick { 3 } else { 15 } {
        let bare = millis(runtime()?.block_on(floor::token_and_page(&server))?);
        floor.add(bare);
        above.add(millis(home.first_byte(&server, &["--segment", "SEG-ALL"])?) - bare);
    }
    table.add(Row {
        what: "program start to first row at 100 ms a request: above token + page".into(),
        figure: above.shown(1, " ms"),
        floor: format!("token + page {}", floor.shown(1, " ms")),
        goal: "≤ 30 ms".into(),
        met: above.median() <= 30.0,
    });
    Ok(())
}

fn windows(table: &mut Table, quick: bool) -> Outcome<()> {
    let mut seen = Vec::new();
    let mut run = |wanted: Wanted, concurrency: u32| -> Outcome<()> {
        let mut server = Server::start(wanted)?;
        let mut service = server.service()?;
        service.bounds = Bounds { concurrency, ..Bounds::default() };
        runtime()?.block_on(async { Session::start(service).run(&everybody()).await })?;
        seen.push(server.seen()?);
        Ok(())
    };
    for concurrency in if quick { &[5][..] } else { &[1, 5, 20][..] } {
        for latency in [Duration::ZERO, Duration::from_millis(20)] {
            let people = Wanted { latency, ..Wanted::people(2_000) };
            run(Wanted { rate: Some(10.0), ..people }, *concurrency)?;
            for fault in ["retry-after-seconds", "retry-after-http-date", "503-retry-after"] {
                run(Wanted { fault: Some(fault), ..people }, *concurrency)?;
            }
        }
    }
    let sum = |of: fn(&Seen) -> u64| seen.iter().map(of).sum::<u64>();
    let (inside, sent) = (sum(|seen| seen.inside_window), sum(|seen| seen.contacts));
    table.add(Row {
        what: format!(
            "requests into a closed Retry-After window, as the server counts them ({} runs, {} requests, {} 429s)",
            seen.len(),
            grouped(sent as f64, 0),
            sum(|seen| seen.throttled),
        ),
        figure: inside.to_string(),
        floor: "0".into(),
        goal: "0".into(),
        met: inside == 0,
    });
    Ok(())
}

fn one_reply(table: &mut Table, quick: bool) -> Outcome<()> {
    let server = Server::start(Wanted { in_one: true, ..Wanted::people(100_000) })?;
    let (mut time, mut peak, mut floor) = (Figures::default(), Figures::default(), Figures::default());
    let mut bytes = 0;
    for _ in 0..if quick { 1 } else { 7 } {
        let (fetched, took) = runtime()?.block_on(floor::one(&server))?;
        bytes = fetched;
        floor.add(took.as_secs_f64());
        // What the log says of the run, and not of its one exchange.
        let (took, used) = screen::open(&server, "success: 100,000 rows")?;
        time.add(took.as_secs_f64());
        peak.add(used.peak_kib as f64 / 1024.0);
    }
    table.add(Row {
        what: format!(
            "one reply of {:.0} MB (100,000 profiles) opened in the explorer, from the start of the program",
            bytes as f64 / 1e6
        ),
        figure: time.shown(2, " s"),
        floor: format!("{}, fetched and thrown away", floor.shown(2, " s")),
        goal: "≤ 1 s".into(),
        met: time.median() <= 1.0,
    });
    table.add(Row {
        what: "… peak memory of the explorer".into(),
        figure: peak.shown(0, " MiB"),
        floor: format!("{:.0} MiB, the reply itself", bytes as f64 / 1024.0 / 1024.0),
        goal: "≤ 150 MB".into(),
        met: peak.most() * 1.048_576 <= 150.0,
    });
    Ok(())
}

fn token(table: &mut Table, _quick: bool) -> Outcome<()> {
    const AT_ONCE: usize = 50;
    let latency = Duration::from_millis(20);
    let mut server = Server::start(Wanted { latency, ..Wanted::people(5_000) })?;
    let mut service = server.service()?;
    service.bounds.concurrency = AT_ONCE as u32;
    let (seen, asked) = runtime()?.block_on(async {
        let mut session = Session::start(service);
        let ids = session.run(&everybody()).await?.ids;
        server.revoke()?;
        server.forget()?;
        // A hundred IDs a request: fifty requests side by side, all with the token that is worthless now.
        let draft = Draft { ids, page_size: 100, use_cache: false, ..Draft::default() };
        let ran = session.run(&draft).await?;
        if ran.ids.len() != 5_000 {
            return Err(format!("{} of 5,000 came", ran.ids.len()).into());
        }
        Ok::<_, crate::Failure>((server.seen()?, ran.summary.requests))
    })?;
    table.add(Row {
        what: format!("token requests for 50 requests at an expired token ({asked} requests in all)"),
        figure: seen.tokens.to_string(),
        floor: "1".into(),
        goal: "1".into(),
        met: seen.tokens == 1,
    });
    Ok(())
}

fn cache(table: &mut Table, _quick: bool) -> Outcome<()> {
    let mut server = Server::start(Wanted::people(10_000))?;
    let (asked, same) = runtime()?.block_on(async {
        let mut session = Session::start(server.service()?);
        let draft = Draft { use_cache: true, ..everybody() };
        let first = session.run(&draft).await?.ids;
        server.forget()?;
        let again = session.run(&draft).await?.ids;
        Ok::<_, crate::Failure>((server.seen()?.contacts, again == first))
    })?;
    table.add(Row {
        what: format!(
            "10,000 profiles fetched again within the cache's life: requests ({})",
            if same { "the same rows" } else { "OTHER rows" }
        ),
        figure: asked.to_string(),
        floor: "0".into(),
        goal: "0".into(),
        met: asked == 0 && same,
    });
    Ok(())
}
