//! Made-up names, places and numbers. Nobody here exists; mail goes to reserved domains (RFC 2606), and phones ring
//! in ranges kept for fiction (as 555-01xx is, and by the regulators of GB, DE, FR, IE and AU) or, where a country
//! keeps none, have zeros where no number there has them.

/// Where a person is from: names that go together, and how a phone number there looks.
pub(crate) struct Culture {
    pub(crate) given: &'static [(&'static str, &'static str)],
    pub(crate) family: &'static [(&'static str, &'static str)],
    pub(crate) country: &'static str,
    pub(crate) cities: &'static [(&'static str, &'static str)],
    pub(crate) languages: &'static [&'static str],
    /// `#` stands for a digit.
    pub(crate) phone: &'static str,
    pub(crate) in_eu: bool,
}

/// A name as written and as it stands in an e-mail address.
macro_rules! names {
    ($($written:literal $(/ $plain:literal)?),* $(,)?) => {
        &[$(names!(@ $written $($plain)?)),*]
    };
    (@ $written:literal $plain:literal) => { ($written, $plain) };
    (@ $written:literal) => { ($written, $written) };
}

pub(crate) const CULTURES: &[Culture] = &[
    Culture {
        given: names![
            "Grace", "Walter", "June", "Marcus", "Delia", "Curtis", "Naomi", "Hank", "Ruby", "Owen"
        ],
        family: names!["Whitlock", "Harmon", "Delacroix", "Bridger", "Sutter", "Pruitt", "Langley", "Odom"],
        country: "US",
        cities: &[("Springfield", "00501"), ("Riverton", "00544"), ("Fairview", "06390")],
        languages: &["en", "es"],
        phone: "+1-555-01##",
        in_eu: false,
    },
    Culture {
        given: names!["Imogen", "Alfie", "Beatrix", "Rhys", "Callum", "Niamh", "Poppy", "Gethin", "Isla"],
        family: names!["Ashdown", "Penhallow", "MacAskill", "Llewellyn", "Thistlewood", "O'Dare" / "odare"],
        country: "GB",
        cities: &[("Bristol", "BS99 1AA"), ("Leeds", "LS99 9ZZ"), ("Cardiff", "CF99 1NA")],
        languages: &["en", "cy"],
        phone: "+44 7700 900###",
        in_eu: false,
    },
    Culture {
        given: names![
            "Lukas",
            "Jürgen" / "juergen",
            "Anneliese",
            "Björn" / "bjoern",
            "Greta",
            "Matthias",
            "Käthe" / "kaethe"
        ],
        family: names![
            "Müller-Voss" / "mueller-voss",
            "Weißgerber" / "weissgerber",
            "Rautenberg",
            "Schäfer" / "schaefer"
        ],
        country: "DE",
        cities: &[("Köln", "50667"), ("Görlitz", "02826"), ("Bremen", "28195")],
        languages: &["de", "en"],
        phone: "+49 30 23125 ###",
        in_eu: true,
    },
    Culture {
        given: names![
            "Zoë" / "zoe",
            "François" / "francois",
            "Aurélie" / "aurelie",
            "Mathis",
            "Océane" / "oceane",
            "Rémi" / "remi"
        ],
        family: names![
            "Lefèvre" / "lefevre",
            "d'Aubigny" / "daubigny",
            "Charpentier",
            "Noël" / "noel",
            "Marchand"
        ],
        country: "FR",
        cities: &[("Nîmes", "30000"), ("Orléans", "45000"), ("Lyon", "69001")],
        languages: &["fr"],
        phone: "+33 1 99 00 ## ##",
        in_eu: true,
    },
    Culture {
        given: names![
            "Íñigo" / "inigo",
            "Lucía" / "lucia",
            "Xiomara",
            "Ramón" / "ramon",
            "Begoña" / "begona",
            "Mateo"
        ],
        family: names![
            "Peñalver" / "penalver",
            "Ibáñez Soto" / "ibanez.soto",
            "Quiroga",
            "Echeverría" / "echeverria"
        ],
        country: "ES",
        cities: &[("A Coruña", "15001"), ("Málaga", "29001"), ("Vitoria", "01001")],
        languages: &["es", "eu"],
        phone: "+34 000 000 ###",
        in_eu: true,
    },
    Culture {
        given: names!["Agnieszka", "Łukasz" / "lukasz", "Zbigniew", "Małgorzata" / "malgorzata", "Wojciech"],
        family: names![
            "Wróbel" / "wrobel",
            "Dąbrowska" / "dabrowska",
            "Zieliński" / "zielinski",
            "Brzęczyk" / "brzeczyk"
        ],
        country: "PL",
        cities: &[("Łódź", "90-001"), ("Gdańsk", "80-001"), ("Kraków", "30-001")],
        languages: &["pl", "en"],
        phone: "+48 22 000 0# ##",
        in_eu: true,
    },
    Culture {
        given: names![
            "Amara",
            "Chinedu",
            "Ngozi",
            "Ọlájídé" / "olajide",
            "Adébáyọ̀" / "adebayo",
            "Ifeoma",
            "Tunde"
        ],
        family: names!["Okafor", "Adeyemi", "Nwosu", "Balogun", "Eze", "Ọbásanjọ́" / "obasanjo"],
        country: "NG",
        cities: &[("Lagos", "100001"), ("Enugu", "400001"), ("Ìbàdàn", "200001")],
        languages: &["en", "yo", "ig"],
        phone: "+234 000 000 0###",
        in_eu: false,
    },
    Culture {
        given: names![
            "さくら" / "sakura",
            "陽翔" / "haruto",
            "美咲" / "misaki",
            "健太" / "kenta",
            "結衣" / "yui"
        ],
        family: names!["佐久間" / "sakuma", "高瀬" / "takase", "小鳥遊" / "takanashi", "渡会" / "watarai"],
        country: "JP",
        cities: &[("札幌", "060-0000"), ("京都", "600-0000"), ("那覇", "900-0000")],
        languages: &["ja"],
        phone: "+81 3 0000 0###",
        in_eu: false,
    },
    Culture {
        given: names![
            "伟强" / "weiqiang",
            "梓涵" / "zihan",
            "雨桐" / "yutong",
            "志明" / "zhiming",
            "佳怡" / "jiayi"
        ],
        family: names!["欧阳" / "ouyang", "林" / "lin", "诸葛" / "zhuge", "陳" / "chen", "黄" / "huang"],
        country: "SG",
        cities: &[("Singapore", "000001"), ("新加坡", "000002")],
        languages: &["zh", "en"],
        phone: "+65 0000 0###",
        in_eu: false,
    },
    Culture {
        given: names!["ليلى" / "layla", "يوسف" / "yusuf", "نور" / "nour", "كريم" / "karim", "سلمى" / "salma"],
        family: names![
            "الحداد" / "alhaddad",
            "منصور" / "mansour",
            "الزهراوي" / "alzahrawi",
            "قباني" / "qabbani"
        ],
        country: "JO",
        cities: &[("عمّان", "11100"), ("إربد", "21110")],
        languages: &["ar"],
        phone: "+962 6 000 0###",
        in_eu: false,
    },
    Culture {
        given: names![
            "Priya",
            "Arjun",
            "अनन्या" / "ananya",
            "रोहन" / "rohan",
            "Kavitha",
            "தமிழ்செல்வி" / "tamilselvi"
        ],
        family: names!["Raghunathan", "Chatterjee", "शर्मा" / "sharma", "Venkataraman", "Bose"],
        country: "IN",
        cities: &[("Pune", "411000"), ("Mysuru", "570000"), ("कोलकाता", "700000")],
        languages: &["hi", "en", "ta"],
        phone: "+91 00000 00###",
        in_eu: false,
    },
    Culture {
        given: names![
            "João" / "joao",
            "Luíza" / "luiza",
            "Thaís" / "thais",
            "Otávio" / "otavio",
            "Conceição" / "conceicao"
        ],
        family: names![
            "da Conceição" / "daconceicao",
            "Magalhães" / "magalhaes",
            "Nóbrega" / "nobrega",
            "Teixeira"
        ],
        country: "BR",
        cities: &[("São Luís", "65000-000"), ("Belém", "66000-000")],
        languages: &["pt"],
        phone: "+55 11 0000-0###",
        in_eu: false,
    },
    Culture {
        given: names![
            "Nguyễn Thảo" / "thao.nguyen",
            "Đức" / "duc",
            "Bảo Ngọc" / "bao.ngoc",
            "Hương" / "huong"
        ],
        family: names!["Trần" / "tran", "Phạm" / "pham", "Đặng" / "dang", "Vũ" / "vu"],
        country: "VN",
        cities: &[("Huế", "530000"), ("Đà Nẵng", "550000")],
        languages: &["vi"],
        phone: "+84 28 0000 0###",
        in_eu: false,
    },
    Culture {
        given: names![
            "Siobhán" / "siobhan",
            "Aoife",
            "Tadhg",
            "Caoimhe",
            "Oisín" / "oisin",
            "Ruairí" / "ruairi"
        ],
        family: names![
            "Ní Dhomhnaill" / "nidhomhnaill",
            "Ó Súilleabháin" / "osuilleabhain",
            "Mac Giolla" / "macgiolla"
        ],
        country: "IE",
        cities: &[("Gaillimh", "H91 0000"), ("Cork", "T12 0000")],
        languages: &["ga", "en"],
        phone: "+353 20 911 0###",
        in_eu: true,
    },
    Culture {
        given: names!["Mele", "Sione", "Tāwhiri" / "tawhiri", "Aroha", "Kiri", "Mānaia" / "manaia"],
        family: names!["Taufa", "Ngata", "Parāone" / "paraone", "Fonoti", "Te Awa" / "te.awa"],
        country: "AU",
        cities: &[("Ballarat", "3350"), ("Cairns", "4870")],
        languages: &["en", "mi"],
        phone: "+61 2 5550 ####",
        in_eu: false,
    },
];

/// Domains that no mail reaches (RFC 2606, RFC 6761).
pub(crate) const DOMAINS: &[&str] =
    &["example.com", "example.org", "example.net", "mail.example", "post.example", "shop.example"];

pub(crate) const TAGS: &[&str] = &[
    "newsletter",
    "early-adopter",
    "b2b",
    "returns-often",
    "beta",
    "press",
    "partner",
    "seasonal",
    "gift-buyer",
    "support-open",
    "wholesale",
    "événement",
    "常連",
];

pub(crate) const PLANS: &[&str] = &["free", "free", "basic", "basic", "silver", "gold", "platinum"];

pub(crate) const TIERS: &[&str] = &["bronze", "bronze", "silver", "gold"];

pub(crate) const CHANNELS: &[&str] = &["email", "phone", "chat", "sms", "whatsapp"];

pub(crate) const INTERESTS: &[&str] =
    &["cycling", "cooking", "chess", "gardening", "jazz", "sailing", "pottery", "astronomy", "karaoke"];
