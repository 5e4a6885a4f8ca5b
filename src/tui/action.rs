//! Everything a key can do: a closed enum, and the one table from which resolving, footer and help are made.

/// Where the user is. Decides which actions a key can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// The query builder, outside any editor.
    Builder,
    /// The list of files, and the activity pane, where files are looked at in place of a service.
    Files,
    /// The profiles table.
    Profiles,
    /// One profile.
    Detail,
    /// The activity pane.
    Activity,
    /// An editor in any pane: letters are text, only `Ctrl`, `Alt`, function keys, `Tab` and `Esc` command.
    Editor,
    /// The help overlay.
    Help,
    /// The error panel.
    Error,
    /// The question whether to leave.
    Confirm,
    /// The command palette: letters narrow it.
    Palette,
    /// What a column holds.
    Column,
    /// The columns of the table, to be arranged.
    Columns,
    /// Where rows are to be written: letters are its name.
    Save,
    /// A line of text that is asked for.
    Prompt,
    /// Letters over everything that can be gone to.
    Jump,
    /// One exchange.
    Exchange,
    /// A run that is over.
    Finished,
    /// What a shell command wrote.
    Output,
    /// Two profiles beside each other.
    Compare,
    /// Saved queries and what was run: letters narrow the list.
    History,
    /// The tenants that can be asked: letters narrow the list.
    Tenants,
    /// Selections of fields by their names.
    Presets,
}

impl Context {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::Builder,
        Self::Files,
        Self::Profiles,
        Self::Detail,
        Self::Activity,
        Self::Editor,
        Self::Help,
        Self::Error,
        Self::Confirm,
        Self::Palette,
        Self::Column,
        Self::Columns,
        Self::Save,
        Self::Prompt,
        Self::Jump,
        Self::Exchange,
        Self::Finished,
        Self::Output,
        Self::Compare,
        Self::History,
        Self::Tenants,
        Self::Presets,
    ];

    /// Whether letters are text here.
    pub fn takes_text(self) -> bool {
        self == Self::Editor || self == Self::Jump || self.is_a_line()
    }

    /// Whether a line of text is typed here, so that keys which move between lines are free for something else.
    pub fn is_a_line(self) -> bool {
        matches!(self, Self::Palette | Self::Save | Self::Prompt | Self::History | Self::Tenants)
    }

    /// What the place is called in the help.
    pub fn title(self) -> &'static str {
        match self {
            Self::Builder => "Query",
            Self::Files => "Files",
            Self::Profiles => "Profiles",
            Self::Detail => "Profile",
            Self::Activity => "Activity",
            Self::Editor => "Editor",
            Self::Help => "Help",
            Self::Error => "Error",
            Self::Confirm => "Leave?",
            Self::Palette => "Commands",
            Self::Column => "Column",
            Self::Columns => "Columns",
            Self::Save => "Export",
            Self::Prompt => "Line of text",
            Self::Jump => "Jump",
            Self::Exchange => "Exchange",
            Self::Finished => "Run",
            Self::Output => "Output",
            Self::Compare => "Compare",
            Self::History => "Saved and history",
            Self::Tenants => "Tenants",
            Self::Presets => "Fields",
        }
    }
}

use Context::{
    Activity, Builder, Column, Columns, Compare, Detail, Editor, Error, Exchange, Files, Finished, Help,
    History, Output, Palette, Presets, Profiles, Prompt, Save, Tenants,
};

const EVERYWHERE: &[Context] = &Context::ALL;
const PANES: &[Context] = &[Builder, Files, Profiles, Detail, Activity];
const PANES_AND_EDITOR: &[Context] = &[Builder, Files, Profiles, Detail, Activity, Editor];
const SCROLLS: &[Context] = &[
    Builder, Files, Profiles, Detail, Activity, Help, Error, Palette, Column, Columns, Save, Prompt, Output,
    Compare, History, Tenants, Presets, Exchange, Finished,
];
/// Where a replay can be steered: wherever something of it is looked at.
const REPLAYED: &[Context] = &[Builder, Profiles, Detail, Activity, Error, Exchange, Finished];
const SIDEWAYS: &[Context] = &[Builder, Files, Profiles, Detail, Activity];

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What it stands for.
    pub action: Action,
    /// Its name in `keys.toml`: `next-pane`.
    pub name: &'static str,
    /// A word for the footer; empty keeps it out of the footer.
    pub hint: &'static str,
    /// A sentence for the help.
    pub about: &'static str,
    /// Where it can be used.
    pub contexts: &'static [Context],
    /// Its keys unless `keys.toml` says otherwise; the first is shown in the footer. One without any is found in the
    /// palette.
    pub keys: &'static [&'static str],
}

impl Entry {
    /// The sentence for the help of a place.
    pub fn about_in(&self, context: Context) -> &'static str {
        match (self.action, context) {
            (Action::CopyProfile, Context::Exchange) => "copy the reply's body",
            (Action::CopyCurl, Context::Activity | Context::Exchange) => {
                "copy the exchange's request as a curl line"
            }
            (Action::Search, Context::Exchange) => "search the reply's body",
            (Action::SearchNext, Context::Exchange) => "the next place that the search finds",
            (Action::SearchPrevious, Context::Exchange) => "the place before that the search finds",
            (Action::Run, Context::Files) => "read the files again, from their beginning",
            (Action::Search, Context::Help) => "search these keys; letters are text then",
            (Action::Toggle, Context::Columns) => "show the column, or leave it out",
            (Action::Clear, Context::Columns) => "all columns as they are at first",
            _ => self.about,
        }
    }
}

macro_rules! actions {
    ($($action:ident $name:literal, $hint:literal, $about:literal, $contexts:expr, [$($key:literal),*];)+) => {
        /// Everything a key can do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action {
            $(#[doc = $about] $action,)+
        }

        /// The table: one row an action, in the order in which footer and help show them.
        pub const TABLE: &[Entry] = &[$(Entry {
            action: Action::$action,
            name: $name,
            hint: $hint,
            about: $about,
            contexts: $contexts,
            keys: &[$($key),*],
        },)+];
    };
}

// An action stands here when it works, not before: a key that does nothing is a lie in the footer.
actions! {
    Find "find", "find person",
        "find a person by an e-mail address, a phone number, an ID or a name, typed or pasted as you have it",
        &[Builder, Files, Profiles, Detail, Activity, Editor, Help, Error, Column], ["Ctrl-F"];
    Run "run", "run", "run the query; again while rows arrive starts over",
        &[Builder, Files, Profiles, Detail, Activity, Editor, Error, History], ["Ctrl-R", "F5"];
    Answer "answer", "take it", "take the line as it stands", &[Prompt], ["Enter"];
    Choose "choose", "do", "do what is selected", &[Palette, Help, History, Tenants, Presets], ["Enter"];
    Edit "edit", "edit", "edit what the cursor is on; in the matrix, toggle the field",
        &[Builder], ["Enter"];
    Toggle "toggle", "toggle", "toggle the field in the matrix", &[Builder, Columns], ["Space"];
    Open "open", "open", "open the profile under the cursor", &[Profiles], ["Enter"];
    Look "look", "open", "look at what the cursor is on: an exchange in full, a run; webhooks: ask for them",
        &[Activity], ["Enter"];
    SendAgain "send-again", "again", "send the exchange's request again (GET only), within the limits and recorded",
        &[Activity, Exchange], ["R"];
    Pick "pick", "take it", "with --print: leave, and give the cell to the shell line", &[Profiles], [];
    Jq "jq", "jq", "a jq expression over the profile, answered as you type", &[Detail], ["."];
    Search "search", "search", "search what the cells, or the lines of the profile, show; in the help, its keys",
        &[Profiles, Detail, Help, Exchange], ["/"];
    Sort "sort", "sort", "sort by this column: up, down, as received", &[Profiles], ["s"];
    Filter "filter", "filter",
        "show only the rows that pass: text, column:text, column=value, column>value, or /an expression/ for text",
        &[Profiles], ["f"];
    Mark "mark", "mark", "mark the row, or take its mark away, and go to the next", &[Profiles], ["Space"];
    Columns "columns", "columns", "arrange the columns: show, pin, move, make wider", &[Profiles], ["c"];
    Pin "pin-column", "pin", "keep the column at the left while the others move sideways, or no longer",
        &[Columns], ["Enter"];
    FilterBy "filter-by", "filter by it", "show only the rows that have this value", &[Column], ["Enter"];
    Statistics "statistics", "column", "what this column holds: filled, types, different and most frequent values",
        &[Profiles], ["i"];
    Export "export", "export", "write rows to a file: those that are marked, shown, or all; CSV, NDJSON, JSON, Parquet",
        &[Profiles], ["e"];
    Write "write", "write", "write the rows to the file; again where it is there already: replace it",
        &[Save], ["Enter"];
    EachAttribute "each-attribute", "a column each", "in CSV, a column for each attribute, or JSON in one cell",
        &[Save], ["Ctrl-A"];
    NextPane "next-pane", "pane", "go to the next pane", PANES_AND_EDITOR, ["Tab"];
    PreviousPane "previous-pane", "", "go to the previous pane", PANES_AND_EDITOR, ["Shift-Tab"];
    Close "close", "close", "leave the editor, close, clear, then cancel the run", EVERYWHERE, ["Esc"];
    GoOn "go-on", "", "go on where a run paused or stopped; while rows arrive, to the end without a pause",
        &[Builder, Files, Profiles, Detail, Activity, Error], ["p"];
    PullMode "pull-mode", "", "ask for more rows only as you near the end; again: for all of them",
        PANES, ["P"];
    Raw "raw", "raw", "the profile as received, or as processed", &[Detail], ["r"];
    Copy "copy", "copy", "copy the cell, the node, the value, the line, or all of a panel",
        &[Profiles, Detail, Activity, Error, Column, Output, Compare, Exchange, Finished], ["y y"];
    Fold "fold", "fold", "fold or open what has something below it", &[Detail], ["Enter", "Space"];
    FoldAll "fold-all", "", "fold all; where nothing is open, open all", &[Detail], ["u"];
    JqOver "jq-over", "", "in the line of jq: over the profile as received, or as processed", &[Editor], ["Alt-R"];
    OnlyChanged "only-changed", "changes", "only what processing changed, or only what differs; again: all",
        &[Detail, Compare], ["O"];
    Compare "compare", "compare", "hold this profile; on another, compare the two", &[Profiles, Detail], ["d"];
    ToggleAll "toggle-all", "all/none", "ask for all fields, or for the ID alone", &[Builder], ["a"];
    Help "help", "help", "help for where you are",
        &[Builder, Files, Profiles, Detail, Activity, Editor, Help, Error, Exchange], ["?", "F1"];
    Palette "palette", "commands", "find a command by its name; in the sandbox, also a fault to play",
        PANES_AND_EDITOR, [":", "Ctrl-P"];
    History "history", "history", "saved queries and what was run before, to fill in or run again",
        &[Builder, Profiles, Detail, Activity, Editor], ["Ctrl-O"];
    SaveQuery "save-query", "", "save the query under a name; in the list of saved queries, rename it",
        &[Builder, Profiles, Detail, Activity, Editor, History], ["Ctrl-S"];
    Watch "watch", "watch", "run again every few seconds, past the cache, and light what changed; again: stop",
        &[Builder, Profiles, Detail, Activity], ["w"];
    Tenants "tenants", "tenants", "ask another tenant, or the sandbox",
        &[Builder, Profiles, Detail, Activity, Editor], ["Ctrl-T"];
    Reason "reason", "", "say what the access is for; it stands in each audit entry of this session",
        &[Builder, Profiles, Detail, Activity], [];
    Quit "quit", "leave", "leave; asks if a run would be lost, and the second time always leaves",
        EVERYWHERE, ["Ctrl-Q", "q", "Ctrl-C"];
    MoreAtOnce "more-at-once", "more", "one request more side by side, up to 64", &[Activity], ["+"];
    FewerAtOnce "fewer-at-once", "fewer", "one request fewer side by side", &[Activity], ["-"];
    Slower "slower", "slower", "bound the rate of requests, a step lower each time", &[Activity], ["<"];
    Faster "faster", "faster", "a step higher; where the service's own limit is lower, no bound of ours",
        &[Activity], [">"];
    Clear "clear", "", "empty what the cursor is on: the IDs, the segments or the filter; in a list, remove it",
        &[Builder, Columns, History, Presets], ["X", "Delete"];
    FieldPresets "field-presets", "presets", "select fields by a preset: all, none, identity, contact, or one you saved",
        &[Builder], ["b"];
    ImportIds "import-ids", "", "take IDs from a file: one a line, or a column of a CSV", &[Builder], ["I"];
    SortAlso "sort-also", "", "sort by this column after those that it is sorted by", &[Profiles], ["S"];
    Flatten "flatten", "", "a column for each attribute, or one for all", &[Profiles], ["A"];
    HideColumn "hide-column", "", "hide this column; the list of columns brings it back", &[Profiles, Columns], ["x"];
    ColumnLeft "column-left", "", "move the column to the left", &[Profiles, Columns], ["{"];
    ColumnRight "column-right", "", "move the column to the right", &[Profiles, Columns], ["}"];
    Narrower "narrower", "", "make the column narrower", &[Profiles, Columns], ["["];
    Wider "wider", "", "make the column wider", &[Profiles, Columns], ["]"];
    MarkAll "mark-all", "", "mark all rows that are shown; where all are, take their marks away",
        &[Profiles], ["*"];
    OnlyMarked "only-marked", "", "show only the marked rows; again: all", &[Profiles], ["v"];
    Follow "follow", "", "keep to the last row as rows arrive, until you move up", &[Profiles], ["F"];
    FilterAlike "filter-alike", "", "show only the rows that have in this column what this cell has",
        &[Profiles], ["@"];
    FindAlike "find-alike", "", "find the next row that has in this column what this cell has",
        &[Profiles], ["#"];
    Times "times", "", "show times as they are here, or in UTC", PANES, ["t"];
    SearchNext "search-next", "", "the next that the search finds; comparing, the next difference",
        &[Profiles, Detail, Compare, Exchange], ["n"];
    SearchPrevious "search-previous", "", "the one before that the search finds; comparing, the difference before",
        &[Profiles, Detail, Compare, Exchange], ["N"];
    NextProfile "next-profile", "next", "open the next profile", &[Detail], ["J"];
    PreviousProfile "previous-profile", "previous", "open the profile before", &[Detail], ["K"];
    CopyProfile "copy-profile", "", "copy the profile as processed, as JSON; comparing, all differences",
        &[Profiles, Detail, Compare, Exchange], ["Y"];
    Mask "mask", "", "mask personal values, or show them; search and filter know the true ones",
        &[Builder, Files, Profiles, Detail, Activity, Error, Column, Exchange, Finished], ["m"];
    Reveal "reveal", "", "show the masked value under the cursor for 15 s, or until another profile",
        &[Profiles, Detail], ["M"];
    CopyRow "copy-row", "", "copy the row: the columns that are shown, with tabs between them",
        &[Profiles, Detail], ["y r"];
    CopyId "copy-id", "", "copy the ID of the profile", &[Profiles, Detail], ["y i"];
    CopyJson "copy-json", "", "copy the profile as processed, as JSON, whatever of it is shown",
        &[Profiles, Detail], ["y j"];
    CopyReceived "copy-received", "", "copy the profile as received, as JSON", &[Profiles, Detail], ["y w"];
    CopyCurl "copy-curl", "", "copy the request as a curl line, the token left out",
        &[Builder, Profiles, Detail, Activity, Exchange], ["y u"];
    CopyCommand "copy-command", "", "copy the query as a command line: cxlens query …",
        &[Builder, Profiles, Detail], ["y l"];
    Pipe "pipe", "", "give the profile, or the rows that are shown, to a shell command as JSON",
        &[Profiles, Detail], ["|"];
    Pager "pager", "", "read the profile, or the rows that are shown, in $PAGER", &[Profiles, Detail], ["o"];
    OpenEditor "open-editor", "", "look at the profile, or the rows that are shown, in $EDITOR: a copy of it",
        &[Profiles, Detail], ["E"];
    Freeze "freeze", "", "let the picture stand still while rows and figures go on; again: let it go on",
        PANES, ["Z"];
    Tour "tour", "", "the first steps, one after the other", PANES, ["F9"];
    Up "up", "", "move up", SCROLLS, ["Up", "k"];
    Down "down", "", "move down", SCROLLS, ["Down", "j"];
    Left "left", "", "move left; in the activity pane, the tab before", SIDEWAYS, ["Left", "h"];
    Right "right", "", "move right; in the activity pane, the next tab", SIDEWAYS, ["Right", "l"];
    PageUp "page-up", "", "a page up", SCROLLS, ["PgUp"];
    PageDown "page-down", "", "a page down", SCROLLS, ["PgDn"];
    First "first", "", "go to the first", SCROLLS, ["g", "Home"];
    Last "last", "", "go to the last", SCROLLS, ["G", "End"];
    GoTo "go-to", "", "go to a row by its number", &[Profiles], ["Ctrl-G"];
    TabAudit "tab-audit", "", "activity: the finished runs", PANES, ["1"];
    TabLatency "tab-latency", "", "activity: where the time went, latency by endpoint", PANES, ["2"];
    TabLimits "tab-limits", "", "activity: the limits", PANES, ["3"];
    TabWebhooks "tab-webhooks", "", "activity: the webhook registrations", PANES, ["4"];
    TabLog "tab-log", "", "activity: every exchange", PANES, ["5"];
    Jump "jump", "", "letters over everything that can be gone to; typing them goes there", PANES, [";"];
    Zoom "zoom", "", "give this pane the screen to itself; again: share it", PANES, ["z"];
    SplitLeft "split-left", "", "move the line beside this pane to the left", PANES, ["Ctrl-Left"];
    SplitRight "split-right", "", "move the line beside this pane to the right", PANES, ["Ctrl-Right"];
    SplitUp "split-up", "", "move the line above or below this pane up", PANES, ["Ctrl-Up"];
    SplitDown "split-down", "", "move the line above or below this pane down", PANES, ["Ctrl-Down"];
    ResetLayout "reset-layout", "", "panes as large as they are by themselves", PANES, [];
    Mouse "mouse", "", "leave the mouse to the terminal, to select text with, or take it back",
        PANES_AND_EDITOR, ["F8"];
    QueryBefore "query-before", "", "bring back the query that was there before a person was looked for",
        PANES, [];
    Record "record", "", "record the session to a file, to replay it or attach it to a report; again: stop",
        PANES_AND_EDITOR, ["F4"];
    ReplayPause "replay-pause", "", "in a replay: stand still; again: go on", REPLAYED, ["F6"];
    ReplayStep "replay-step", "", "in a replay: stand still, and show the next event", REPLAYED, ["F7"];
    ReplayBack "replay-back", "", "in a replay: ten seconds back", REPLAYED, ["Alt-Left"];
    ReplayForward "replay-forward", "", "in a replay: ten seconds on", REPLAYED, ["Alt-Right"];
    ReplaySlower "replay-slower", "", "in a replay: a step slower", REPLAYED, ["Alt-Down"];
    ReplayFaster "replay-faster", "", "in a replay: a step faster", REPLAYED, ["Alt-Up"];
    Suspend "suspend", "", "put the program in the background (fg brings it back)", EVERYWHERE, ["Ctrl-Z"];
}

impl Action {
    /// Its row in the table.
    pub fn entry(self) -> &'static Entry {
        // One row each, in the order of the enum: the macro writes both.
        &TABLE[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_finds_its_own_row() {
        for entry in TABLE {
            assert_eq!(entry.action.entry().name, entry.name);
        }
    }

    #[test]
    fn every_action_is_named_described_and_placed() {
        for entry in TABLE {
            assert!(
                !entry.name.is_empty() && !entry.about.is_empty() && !entry.contexts.is_empty(),
                "{entry:?}"
            );
            let twins = TABLE.iter().filter(|other| other.name == entry.name).count();
            assert_eq!(twins, 1, "{}", entry.name);
        }
    }
}
