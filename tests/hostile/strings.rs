//! Texts that drive a terminal or mislead an eye, each by itself and in the middle of a name.

/// A text, and what kind of trouble it is.
#[derive(Clone, Debug)]
pub(crate) struct Hostile {
    pub(crate) kind: &'static str,
    pub(crate) text: String,
}

/// What stands before and behind: by itself, in a name, twice, and behind the end of a paste.
const AROUND: [(&str, &str); 4] =
    [("", ""), ("Ada ", "Byron"), ("x", "\u{1b}[201~y"), ("", "\u{202e}\u{9b}0m")];

/// Sequences that a terminal acts on; `␛` stands for the escape, `␜` for what ends a string.
const SEQUENCES: &[(&str, &[&str])] = &[
    (
        "escape",
        &[
            "␛", "␛c", "␛7", "␛8", "␛D", "␛M", "␛E", "␛Z", "␛N", "␛O", "␛=", "␛>", "␛(0", "␛)0", "␛#8",
            "␛%G", "␛ F",
        ],
    ),
    (
        "CSI",
        &[
            "␛[2J",
            "␛[3J",
            "␛[H",
            "␛[1;1H",
            "␛[999C",
            "␛[10A",
            "␛[31m",
            "␛[38;2;1;2;3m",
            "␛[8m",
            "␛[s",
            "␛[u",
            "␛[!p",
            "␛[4h",
            "␛[20h",
            "␛[1000b",
            "␛[5i",
            "␛[4i",
            "␛[2 q",
            "␛[1;5r",
            "␛[99L",
            "␛[0\"q",
            "␛[?5h",
            "␛[;;;;;;;;;;;m",
        ],
    ),
    (
        "mode",
        &[
            "␛[?1049l",
            "␛[?1049h",
            "␛[?25l",
            "␛[?1000h",
            "␛[?1003h",
            "␛[?2004l",
            "␛[?2026h",
            "␛[?7l",
            "␛[?47h",
            "␛[>4;2m",
            "␛[>1u",
        ],
    ),
    (
        "report",
        &[
            "␛[6n",
            "␛[5n",
            "␛[c",
            "␛[>c",
            "␛[=c",
            "␛[18t",
            "␛[21t",
            "␛[?u",
            "␛[?2026$p",
            "␛[x",
            "␛]11;?␜",
            "␛]4;0;?␜",
        ],
    ),
    ("title", &["␛]0;owned␜", "␛]2;owned␜", "␛]1;owned\u{7}", "␛[22;0t", "␛[23;0t", "␛]l owned␜", "␛[20t"]),
    (
        "link",
        &[
            "␛]8;;http://evil.example/␜click␛]8;;␜",
            "␛]8;id=1;file:///etc/passwd\u{7}",
            "␛]7;file://evil.example/␜",
        ],
    ),
    ("clipboard", &["␛]52;c;bWFsbG9yeQ==␜", "␛]52;c;?␜", "␛]52;p;eA==\u{7}", "␛]52;;"]),
    (
        "OSC",
        &[
            "␛]9;note␜",
            "␛]777;notify;a;b␜",
            "␛]133;A␜",
            "␛]50;font␜",
            "␛]104␜",
            "␛]1337;File=inline=1:eA==␜",
            "␛]10;#ff0000␜",
            "␛]",
        ],
    ),
    (
        "DCS",
        &[
            "␛P$qm␜",
            "␛P+q544e␜",
            "␛Pq#0;2;0;0;0~~␜",
            "␛P0pS(E)␜",
            "␛Ptmux;␛␛]52;c;eA==\u{7}␜",
            "␛P1;1|17/6f␜",
            "␛P",
        ],
    ),
    ("APC", &["␛_Gf=24,s=1,v=1;AAAA␜", "␛_Ga=q␜", "␛_"]),
    ("SOS", &["␛Xhidden␜", "␛X"]),
    ("PM", &["␛^hidden␜", "␛^"]),
    ("paste", &["␛[201~", "␛[200~q␛[201~", "␛[201~\r:q!\r"]),
    (
        "answer",
        &[
            "␛[?64;1;2c",
            "␛[24;80R",
            "␛P1$r0m␜",
            "␛]11;rgb:0000/0000/0000␜",
            "␛[8;24;80t",
            "␛[I",
            "␛[<0;1;1M",
            "␛[15~",
        ],
    ),
    (
        "line",
        &[
            "good\rbad",
            "a\u{8}\u{8}b",
            "a\tb",
            "a\nb",
            "a\r\nb",
            "a\u{b}b",
            "a\u{c}b",
            "x\u{8}",
            "\r",
            "\n",
            "\t",
        ],
    ),
];

/// Characters that are trouble by themselves, where they do not come in ranges.
const SINGLE: &[(&str, &[char])] = &[
    (
        "bidi",
        &[
            '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}',
            '\u{2069}', '\u{200e}', '\u{200f}', '\u{61c}',
        ],
    ),
    (
        "invisible",
        &[
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{2060}',
            '\u{2061}',
            '\u{2064}',
            '\u{206a}',
            '\u{206f}',
            '\u{feff}',
            '\u{ad}',
            '\u{34f}',
            '\u{180e}',
            '\u{115f}',
            '\u{1160}',
            '\u{3164}',
            '\u{ffa0}',
            '\u{17b4}',
            '\u{17b5}',
            '\u{fff9}',
            '\u{fffb}',
            '\u{1d173}',
            '\u{1d17a}',
            '\u{1bca0}',
            '\u{1bca3}',
        ],
    ),
    ("separator", &['\u{2028}', '\u{2029}', '\u{85}']),
    ("tag", &['\u{e0001}', '\u{e0020}', '\u{e0041}', '\u{e007f}']),
    ("selector", &['\u{fe00}', '\u{fe0e}', '\u{fe0f}', '\u{e0100}', '\u{e01ef}', '\u{180b}']),
    ("private", &['\u{e000}', '\u{e0b0}', '\u{f8ff}', '\u{f0000}', '\u{10fffd}']),
];

/// All of them.
pub(crate) fn hostile() -> Vec<Hostile> {
    let mut bare: Vec<(&'static str, String)> = Vec::new();
    for (kind, sequences) in SEQUENCES {
        for sequence in *sequences {
            bare.push((*kind, seven(sequence)));
            if sequence.contains('␜') {
                bare.push((*kind, eight(sequence)));
            }
        }
    }
    let controls = (0..0x20).chain([0x7f]).chain(0x80..0xa0).filter_map(char::from_u32);
    bare.extend(controls.map(|c| (if c < '\u{80}' { "C0" } else { "C1" }, c.to_string())));
    for (kind, characters) in SINGLE {
        bare.extend(characters.iter().map(|c| (*kind, format!("a{c}b"))));
    }
    let mut all: Vec<Hostile> = Vec::new();
    for (n, (kind, text)) in bare.iter().enumerate() {
        // A character is a character wherever it stands.
        let ways = if text.chars().count() < 4 { 2 } else { AROUND.len() };
        for (before, behind) in AROUND.iter().cycle().skip(if ways == 2 { n % 2 } else { 0 }).take(ways) {
            all.push(Hostile { kind, text: format!("{before}{text}{behind}") });
        }
    }
    all.extend(long().map(|(kind, text)| Hostile { kind, text }));
    all
}

/// Texts without an end in sight.
fn long() -> impl Iterator<Item = (&'static str, String)> {
    [
        ("marks", format!("e{}", "\u{301}".repeat(5))),
        ("marks", format!("e{}!", "\u{301}".repeat(5_000))),
        ("marks", "Z\u{338}\u{322}\u{31b}\u{353}\u{33a}\u{317}\u{313}".repeat(40)),
        ("marks", "\u{301}\u{20dd}\u{489}\u{302}\u{303}\u{304}\u{305}".to_owned()),
        ("joiners", "\u{1f469}\u{200d}".repeat(300)),
        ("joiners", "\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}".to_owned()),
        ("long", "\u{1b}[31m".repeat(2_000)),
        ("long", format!("{}\u{1b}]0;owned\u{7}", "a".repeat(20_000))),
        ("long", format!("\u{1b}]52;c;{}\u{7}", "QUFB".repeat(3_000))),
        ("long", "\u{202e}".repeat(4_000)),
        ("long", format!("\u{1b}P{}", "q".repeat(9_000))),
    ]
    .into_iter()
}

/// Texts that are odd and no trouble: they are to be there as they are.
pub(crate) const ODD: [&str; 8] = [
    "Аdа Ву\u{433}оп",
    "שרה בת־שבע",
    "عبد الرّحمن ٤٢",
    "齉龘靐 ｆｕｌｌｗｉｄｔｈ",
    "กำกึ่งน้ำ",
    "🦊🇧🇷👍🏽",
    "e\u{301}\u{302}lodie",
    "\\u001b[31m %1B%5B31m &#27;[31m ^[[31m",
];

fn seven(sequence: &str) -> String {
    sequence.replace('␛', "\u{1b}").replace('␜', "\u{1b}\\")
}

/// The same with single characters for what begins and ends, as terminals with eight bits have them.
fn eight(sequence: &str) -> String {
    let mut text = sequence.replace('␜', "\u{9c}");
    for (two, one) in
        [("[", '\u{9b}'), ("]", '\u{9d}'), ("P", '\u{90}'), ("_", '\u{9f}'), ("^", '\u{9e}'), ("X", '\u{98}')]
    {
        text = text.replace(&format!("␛{two}"), &one.to_string());
    }
    text.replace('␛', "\u{1b}")
}
