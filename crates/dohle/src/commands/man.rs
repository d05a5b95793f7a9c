//! `dohle man DIR`: the manual's pages, made from the definitions that the commands read.

use super::{COMMANDS, Command, Syntax};
use crate::arguments::flags::{Flag, Flags, Takes};
use crate::arguments::subcommands::{Action, NO_SHORT, Opt, Tool};
use crate::console::{Console, Failure};
use std::fmt::Write as _;
use std::path::Path;

/// How it is used.
pub(super) const USAGE: &str = "USAGE: dohle man DIR\n\n\
    Writes the manual's pages into DIR: dohle.1, and one for each command.\n";

/// Writes them.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let [folder] = words else { return Err(console.usage(USAGE)) };
    let folder = Path::new(folder);
    let told = |error| Failure::new(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(told)?;
    std::fs::write(folder.join("dohle.1"), overview()).map_err(told)?;
    for command in COMMANDS {
        let place = folder.join(format!("dohle-{}.1", command.name));
        std::fs::write(place, page(command)).map_err(told)?;
    }
    writeln!(console.out, "{} pages in {}", COMMANDS.len() + 1, folder.display())?;
    Ok(())
}

/// A page in the making, in the macros of man(7).
struct Page(String);

impl Page {
    fn new(title: &str, about: &str) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let heading = title.to_uppercase();
        let mut page = Self(String::new());
        page.line(&format!(".TH {} 1 \"\" \"dohle {version}\" \"Dohle\"", escaped(&heading)));
        page.heading("NAME");
        page.line(&format!("{} \\- {}", escaped(title), escaped(about)));
        page
    }

    fn line(&mut self, line: &str) {
        writeln!(self.0, "{line}").expect("a String takes all text");
    }

    fn heading(&mut self, heading: &str) {
        self.line(&format!(".SH {heading}"));
    }

    fn text(&mut self, text: &str) {
        text.lines().for_each(|line| self.line(&started(&escaped(line))));
    }

    /// A word, its value in italics, and what it is for.
    fn item(&mut self, word: &str, value: Option<&str>, help: &str) {
        let value = value.map_or(String::new(), |value| format!(" \\fI{}\\fR", escaped(value)));
        self.line(".TP");
        self.line(&format!("\\fB{}\\fR{value}", escaped(word)));
        self.text(help);
    }

    /// Text whose lines stay as they are.
    fn verbatim(&mut self, text: &str) {
        self.line(".nf");
        self.text(text);
        self.line(".fi");
    }
}

/// `text` without what roff would take for its own.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('`', "\\(ga")
}

/// A line that is no macro, whatever it begins with.
fn started(line: &str) -> String {
    if line.starts_with('.') { format!("\\&{line}") } else { line.to_owned() }
}

/// The page of the binary itself.
fn overview() -> String {
    let mut page = Page::new("dohle", "Apache Kafka's server and tools in one binary");
    page.heading("SYNOPSIS");
    page.line("\\fBdohle\\fR [\\fICOMMAND\\fR] [\\fIARGUMENT\\fR...]");
    page.heading("DESCRIPTION");
    page.text(
        "Without a command: a server with default settings, on 127.0.0.1:9092, with its data in \
         ./dohle-data. Called by the name of one of Kafka's scripts, with .sh or without, it is that \
         script.",
    );
    page.heading("COMMANDS");
    for command in COMMANDS {
        let script = match command.script {
            "" => String::new(),
            script => format!(" ({script}.sh)"),
        };
        page.item(command.name, None, &format!("{}{script}", command.about));
    }
    page.heading("ENVIRONMENT");
    page.item("DOHLE_LOG", None, "How much a server logs: error, warn, info, debug or trace.");
    page.item(
        "DOHLE_PAGER",
        None,
        "Shows what is longer than the screen; empty or cat: nothing does.",
    );
    page.item("PAGER", None, "The same, where that is not set. Without either: less -FRX.");
    page.item("NO_COLOR", None, "If it is not empty, nothing is coloured.");
    page.heading("SEE ALSO");
    let pages: Vec<_> = COMMANDS
        .iter()
        .map(|command| format!("\\fBdohle\\-{}\\fR(1)", escaped(command.name)))
        .collect();
    page.line(&pages.join(",\n"));
    page.0
}

/// The page of one command.
fn page(command: &Command) -> String {
    let mut page = Page::new(&format!("dohle-{}", command.name), command.about);
    page.heading("SYNOPSIS");
    match command.syntax {
        Syntax::Words(usage) => page.verbatim(usage.trim_start_matches("USAGE: ").trim_end()),
        Syntax::Flags(flags) => {
            page.line(&format!("\\fBdohle {}\\fR [\\fIOPTION\\fR...]", escaped(command.name)));
            describe_flags(flags, &mut page);
        }
        Syntax::Tool(tool) => {
            let name = escaped(command.name);
            page.line(&format!("\\fBdohle {name}\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR...]"));
            describe_tool(tool, &mut page);
        }
    }
    if command.tells_json() {
        let Flag { name, help, .. } = super::output::OUTPUT;
        page.heading("OUTPUT");
        page.item(&format!("--{name}"), Some(super::output::FORMATS), help);
    }
    if !command.script.is_empty() {
        page.heading("NOTES");
        page.text(&format!("It is Kafka's {}.sh, and goes by that name too.", command.script));
    }
    page.heading("SEE ALSO");
    page.line("\\fBdohle\\fR(1)");
    page.0
}

fn describe_flags(flags: &Flags, page: &mut Page) {
    page.heading("DESCRIPTION");
    page.text(flags.about);
    page.heading("OPTIONS");
    for flag in flags.flags {
        let value = match flag.takes {
            Takes::Nothing => None,
            Takes::Value(shown) => Some(format!("<{shown}>")),
            Takes::OptionalValue => Some("[String]".to_owned()),
        };
        page.item(&format!("--{}", flag.name), value.as_deref(), flag.help);
    }
}

fn describe_tool(tool: &Tool, page: &mut Page) {
    page.heading("DESCRIPTION");
    page.text(tool.about);
    page.heading("COMMANDS");
    for command in tool.commands {
        page.line(&format!(".SS {}", escaped(command.name)));
        page.text(command.help);
        command.options.iter().for_each(|option| describe_option(option, page));
    }
}

fn describe_option(option: &Opt, page: &mut Page) {
    let value =
        (option.action != Action::Switch).then(|| option.long.to_uppercase().replace('-', "_"));
    let names = match option.short {
        NO_SHORT => format!("--{}", option.long),
        short => format!("-{short}, --{}", option.long),
    };
    page.item(&names, value.as_deref(), option.help);
}
