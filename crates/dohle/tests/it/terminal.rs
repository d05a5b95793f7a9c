//! Commands at a terminal: tables, colours, a pager, a progress bar; and none of them anywhere else.

use crate::golden::{Folder, told};
use crate::tools::Desk;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const DOHLE: &str = env!("CARGO_BIN_EXE_dohle");

/// Runs the words behind it at a terminal of its own: standard output and error are that, unless a variable names a
/// file for one of them. Prints what the terminal gets, and ends as they do. `KEYS` are typed half a second after
/// something came.
const PTY: &str = r#"
import fcntl, os, pty, select, struct, sys, termios
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 100, 0, 0))
    for name, descriptor in (('OUT', 1), ('ERR', 2)):
        if name in os.environ:
            os.dup2(os.open(os.environ[name], os.O_WRONLY | os.O_CREAT), descriptor)
    os.execv(sys.argv[1], sys.argv[1:])
keys = os.environ.get('KEYS', '').encode()
said = b''
while True:
    if keys and said and not select.select([terminal], [], [], 0.5)[0]:
        os.write(terminal, keys)
        keys = b''
    try:
        part = os.read(terminal, 4096)
    except OSError:
        break
    if not part:
        break
    said += part
    if keys and b'\x1b[K' in said:
        os.write(terminal, keys)
        keys = b''
sys.stdout.buffer.write(said.replace(b'\r\n', b'\n'))
status = os.waitpid(pid, 0)[1]
sys.exit(os.waitstatus_to_exitcode(status) % 256)
"#;

/// What a terminal shows of a program, and how that ends.
#[track_caller]
fn at_terminal(
    program: &Path,
    line: &str,
    folder: &Path,
    variables: &[(&str, &str)],
) -> (i32, String) {
    let mut command = Command::new("python3");
    command.args(["-c", PTY]).arg(program).args(line.split_whitespace());
    for name in ["NO_COLOR", "PAGER", "DOHLE_PAGER", "LESS", "OUT", "ERR", "KEYS"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm").envs(variables.iter().copied());
    let output = command.current_dir(folder).stdin(Stdio::null()).output().unwrap();
    let (code, out, err) = told(output);
    assert_eq!(err, "", "{line}");
    println!("$ {line} {variables:?}\n{out}");
    (code, out)
}

#[test]
fn lists_and_descriptions() {
    let desk = Desk::new("terminal-tables");
    let at = "--bootstrap-server SERVER";
    let empty = desk.line(&format!("topics --list {at}"));
    let shown = at_terminal(&desk.program("dohle"), &empty, desk.folder(), &[]);
    assert_eq!(shown, (0, "(none)\n".to_owned()));
    assert_eq!(desk.types(&format!("dohle {empty} --output table"), ""), (0, String::new()));
    let create = format!("kafka-topics.sh --create --topic t --partitions 2 {at}");
    assert_eq!(desk.types(&create, "").0, 0);
    let line = desk.line(&format!("topics --describe --topic t {at}"));
    let text = desk.types(&format!("kafka-topics.sh --describe --topic t {at}"), "").1;
    assert!(text.starts_with("Topic: t\tTopicId: "), "{text}");
    let shows = |name: &str, line: &str, variables: &[(&str, &str)]| {
        at_terminal(&desk.program(name), line, desk.folder(), variables)
    };

    // A terminal gets a table, by our own name.
    let (code, table) = shows("dohle", &line, &[]);
    assert_eq!(code, 0);
    assert!(table.starts_with("\x1b[1mname:\x1b[0m t  \x1b[1mid:\x1b[0m "), "{table:?}");
    assert!(table.contains("  \x1b[1mPARTITION\x1b[0m  \x1b[1mLEADER\x1b[0m"), "{table:?}");
    let (_, plain) = shows("dohle", &line, &[("NO_COLOR", "1")]);
    assert!(!plain.contains('\x1b') && plain.contains("\n          1       1  "), "{plain:?}");
    assert_eq!(shows("dohle", &line, &[("TERM", "dumb")]).1, plain);
    // The same where it is asked for, without colours.
    assert_eq!(desk.types(&format!("dohle {line} --output table"), ""), (0, plain));

    // Kafka's text where that is asked for, in a pipe, and by the name of its script.
    assert_eq!(shows("dohle", &format!("{line} --output text"), &[]), (0, text.clone()));
    assert_eq!(desk.types(&format!("dohle {line}"), ""), (0, text.clone()));
    let script = line.replacen("topics ", "", 1);
    assert_eq!(shows("kafka-topics.sh", &script, &[]), (0, text.clone()));
    assert_eq!(shows("dohle", &format!("kafka-{line}"), &[]), (0, text));

    // Words beside a table, and failures.
    let create = desk.line(&format!("topics --create --topic a.b {at}"));
    let (code, said) = shows("dohle", &create, &[]);
    assert_eq!(code, 0);
    assert!(said.starts_with("\x1b[33mWARNING: Due to"), "{said:?}");
    assert!(said.ends_with("\x1b[0m\nCreated topic a.b.\n"), "{said:?}");
    let missing = line.replace("--topic t", "--topic nope");
    let (code, said) = shows("dohle", &missing, &[]);
    assert_eq!(code, 1);
    assert!(said.starts_with("\x1b[31mError while executing topic command : "), "{said:?}");
    let (code, said) = shows("dohle", &format!("{line} --output yaml"), &[]);
    let expected = "\x1b[31m--output is text, json or table, not yaml\x1b[0m\n";
    assert_eq!((code, said.as_str()), (1, expected));
    // How it ends is no matter of who looks.
    let group = format!("consumer-groups --describe --group nope {at}");
    let (code, _) = desk.types(&format!("dohle {group}"), "");
    let (seen, said) = shows("dohle", &desk.line(&group), &[]);
    assert_eq!(code, seen);
    assert!(said.contains("\x1b[31mError: "), "{said:?}");
}

#[test]
fn what_is_longer_than_the_screen() {
    let folder = Folder::new("terminal-pager");
    let shows = |line: &str, variables: &[(&str, &str)]| {
        at_terminal(Path::new(DOHLE), line, &folder.0, variables)
    };
    let (_, usage, _) = folder.told(&["--help"]);
    assert!(usage.lines().count() > 24);
    let (code, short, _) = folder.told(&["check-logs", "--help"]);
    assert_eq!(code, 0);
    let (code, topics, _) = folder.told(&["topics", "--help"]);
    assert!(code == 0 && topics.lines().count() > 24, "{topics}");
    let pager = folder.0.join("pager");
    fs::write(&pager, "#!/bin/sh\necho paged\ncat\n").unwrap();
    executable(&pager);
    let named = pager.to_str().unwrap();
    assert_eq!(shows("--help", &[("PAGER", named)]), (0, format!("paged\n{usage}")));
    for (own, pager) in [("", named), ("cat", named), ("/nowhere/pager -x", named)] {
        let shown = shows("--help", &[("DOHLE_PAGER", own), ("PAGER", pager)]);
        assert_eq!(shown, (0, usage.clone()), "{own}");
    }
    assert_eq!(shows("--help", &[("PAGER", named), ("TERM", "dumb")]), (0, usage.clone()));
    // What fits, what goes elsewhere, and what Kafka's scripts say.
    assert_eq!(shows("check-logs --help", &[("PAGER", named)]), (0, short));
    assert_eq!(shows("topics --help", &[("PAGER", named)]), (0, format!("paged\n{topics}")));
    shows("--help", &[("PAGER", named), ("OUT", "help")]);
    assert_eq!(fs::read_to_string(folder.0.join("help")).unwrap(), usage);
    let (_, said) = shows("kafka-topics.sh --help", &[("PAGER", named)]);
    assert!(said.lines().count() > 24 && !said.contains("paged"), "{said}");
    // Whoever has read enough is asked no more.
    let many = "x\n".repeat(200_000);
    fs::write(folder.0.join("log"), format!("key,partition,offset,timestamp\n{many}")).unwrap();
    fs::write(&pager, "#!/bin/sh\nread one\necho \"enough: $one\"\n").unwrap();
    let shown = shows("check-logs log", &[("PAGER", named)]);
    assert_eq!(shown, (0, "enough: unreadable: log:2: x\n".to_owned()));
}

/// A log of so many lines.
fn log(folder: &Path, name: &str, count: u32) {
    let mut text = String::new();
    for offset in 0..count {
        text.push_str(&format!("key,0,{offset},1\n"));
    }
    fs::write(folder.join(name), text).unwrap();
}

#[test]
fn long_work_has_a_bar() {
    let folder = Folder::new("terminal-bar");
    // Takes a second or more.
    log(&folder.0, "log", 1_500_000);
    log(&folder.0, "short", 1);
    let shows = |line: &str, variables: &[(&str, &str)]| {
        at_terminal(Path::new(DOHLE), line, &folder.0, variables)
    };
    let end = "1500000 records: 0 duplicates, 0 gaps, 0 reorderings, 0 unreadable lines\n";
    let (code, said) = shows("check-logs log", &[]);
    assert_eq!(code, 0);
    assert!(said.starts_with("\r\x1b[K["), "{said:?}");
    assert!(
        said.contains(" MiB of 21.8 MiB  ") && said.ends_with(&format!("\r\x1b[K{end}")),
        "{said:?}"
    );
    // None without a terminal for it.
    assert_eq!(shows("check-logs log", &[("ERR", "err")]), (0, end.to_owned()));
    assert_eq!(fs::read_to_string(folder.0.join("err")).unwrap(), "");
    // Nor for what is soon done.
    assert_eq!(shows("check-logs short", &[]), (0, end.replacen("1500000", "1", 1)));
    // Ctrl-C leaves nothing of it.
    let (code, said) = shows("check-logs log", &[("KEYS", "\u{3}")]);
    assert_eq!(code, 130);
    assert!(said.ends_with("\r\x1b[K") && !said.contains("records"), "{said:?}");
    // And at once: who does not notice is ended a second later, with another stroke.
    assert!(!said.ends_with("\r\x1b[K\r\x1b[K"), "{said:?}");
}

fn executable(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}
