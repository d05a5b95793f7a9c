//! Apache Kafka's server and tools in one binary.
//!
//! The command is the first word (`dohle storage format ...`) or the name that the binary is
//! called by (`kafka-storage.sh format ...`), so that links in a `bin` folder do as Kafka's
//! scripts. Without any word it is a server with default settings.

#![expect(
    clippy::disallowed_methods,
    reason = "the outermost shell: tools read the files that they are given and print"
)]

mod arguments;
mod base64;
mod calendar;
mod commands;
mod console;
mod exception;
mod pattern;
mod properties;
mod reader;
mod session;
mod share_reader;
mod table;
mod terminal;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use console::{Console, Failure};
use terminal::Terminal;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut words: Vec<String> =
        std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let program = if words.is_empty() { String::new() } else { words.remove(0) };
    let terminal = Terminal::of_process();
    let (mut out, mut err) = (terminal.out(), terminal.err());
    let mut console = Console::new(&mut out, &mut err);
    let result = start(&program, words, &terminal, &mut console);
    let ended = terminal.end().map_err(Failure::Output);
    match result.and(ended) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Exit(code)) => code,
        // Who reads from us has heard enough, as with `dump-log ... | head`.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(Failure::Output(error)) => {
            // Standard error may be gone too; the exit code is what is left to say it with.
            let _ = writeln!(io::stderr(), "cannot write to standard output: {error}");
            ExitCode::FAILURE
        }
        Err(Failure::Message(message) | Failure::Misuse(message)) => {
            let _ = writeln!(io::stderr(), "{}", console.error_line(&message));
            ExitCode::FAILURE
        }
    }
}

fn start<'a>(
    program: &str,
    words: Vec<String>,
    terminal: &'a Terminal,
    console: &mut Console<'a>,
) -> Result<(), Failure> {
    let name = Path::new(program).file_name().unwrap_or_default().to_string_lossy();
    if let Some(words) = commands::container::by_entry_point(&name, &words) {
        return start("", words, terminal, console);
    }
    if let Some(command) = commands::by_script(&name) {
        return (command.run)(&words, console);
    }
    let Some((first, rest)) = words.split_first() else {
        return match commands::by_name("server") {
            Some(server) => (server.run)(&[], console),
            None => Err(console.usage(&commands::usage())),
        };
    };
    match first.as_str() {
        "--help" | "-h" | "help" => {
            console.see(terminal);
            console.page();
            write!(console.out, "{}", commands::usage())?;
            Ok(())
        }
        "--version" | "version" => console.version(),
        name => match (commands::by_name(name), commands::by_script(name)) {
            (Some(command), _) => {
                console.see(terminal);
                command.run_by_name(rest, console)
            }
            (None, Some(command)) => (command.run)(rest, console),
            (None, None) => {
                writeln!(console.err, "dohle: '{name}' is not a command.")?;
                Err(console.usage(&commands::usage()))
            }
        },
    }
}
