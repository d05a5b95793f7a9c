//! The programs that the tests call. One that is missing fails the run before anything is built.

use std::process::{Command, Stdio};

/// A program, how to ask whether it is there, and what needs it.
const PROGRAMS: [(&str, &[&str], &str); 16] = [
    ("git", &["--version"], "the list of files that tidy reads"),
    ("rustfmt", &["--version"], "the format and the generated code"),
    ("cargo", &["clippy", "--version"], "the lints"),
    (
        "python3",
        &["-c", "import venv, ensurepip"],
        "the Python clients: it must be able to make virtual environments",
    ),
    ("java", &["-version"], "the Java clients and Apache Kafka, the reference"),
    ("mvn", &["--version"], "the Java clients"),
    ("go", &["version"], "the Go client"),
    ("node", &["--version"], "the JavaScript client"),
    ("npm", &["--version"], "the JavaScript client"),
    ("apt-get", &["--version"], "the package of Prometheus"),
    ("dpkg", &["--version"], "the same, unpacked"),
    ("dpkg-deb", &["--version"], "the Debian package"),
    ("strip", &["--version"], "the Debian package"),
    ("keytool", &["-help"], "the keystores of the stage tools"),
    ("openssl", &["version"], "the same"),
    ("cc", &["--version"], "zstd, aws-lc and librdkafka, which are C"),
];

/// Asks for all of them.
///
/// # Errors
/// Those that do not answer, with what needs them.
pub(super) fn check() -> Result<(), String> {
    let mut missing = Vec::new();
    for (program, arguments, need) in PROGRAMS {
        let answer = Command::new(program).args(arguments).stdin(Stdio::null()).output();
        let is_there = answer.is_ok_and(|answer| answer.status.success());
        let word = if is_there { "ok" } else { "MISSING" };
        println!("{program:8}  {word:8}  for {need}");
        if !is_there {
            missing.push(program);
        }
    }
    match missing.is_empty() {
        true => Ok(()),
        false => Err(format!("not there, or not working: {}", missing.join(", "))),
    }
}
