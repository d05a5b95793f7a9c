//! Room on the disk for what the stages build and write: one that runs out of it in the middle fails
//! with whatever a compiler says then.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What a run from nothing has come to, with some to spare: three profiles, and the servers' data.
const NEEDED_MIB: u64 = 15 << 10;
const MIB_OF_KIB: u64 = 1 << 10;

/// Checks that there is room for what is not built yet.
///
/// # Errors
/// How much is missing.
pub(super) fn check(root: &Path) -> Result<(), String> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let built = mebibytes(&said("du", &["-sk"], &target)?, 0)?;
    let free = mebibytes(&said("df", &["-Pk"], &target)?, 3)?;
    is_enough(built, free)
}

fn is_enough(built_mib: u64, free_mib: u64) -> Result<(), String> {
    let needed_mib = NEEDED_MIB.saturating_sub(built_mib);
    println!("{needed_mib} MiB of room are needed, {free_mib} are there");
    match needed_mib <= free_mib {
        true => Ok(()),
        false => Err(format!(
            "{} MiB more room are needed on the disk of the target folder",
            needed_mib - free_mib
        )),
    }
}

/// What a program says of a folder.
fn said(program: &str, arguments: &[&str], folder: &Path) -> Result<String, String> {
    let output = Command::new(program).args(arguments).arg(folder).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The number in a column of the last line, which counts KiB, in MiB.
fn mebibytes(text: &str, column: usize) -> Result<u64, String> {
    let word = text.lines().last().and_then(|line| line.split_whitespace().nth(column));
    let number = word.and_then(|word| word.parse::<u64>().ok());
    number.map(|kib| kib / MIB_OF_KIB).ok_or_else(|| format!("no number of KiB in: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_du_and_df() {
        assert_eq!(mebibytes("2097152\ttarget\n", 0), Ok(2048));
        let df = "Filesystem 1024-blocks Used Available Capacity Mounted on\n\
                  /dev/vda 263174212 88866000 1048576 93% /\n";
        assert_eq!(mebibytes(df, 3), Ok(1024));
        assert!(mebibytes("", 0).is_err());
    }

    #[test]
    fn what_is_built_needs_no_room() {
        assert_eq!(is_enough(0, NEEDED_MIB), Ok(()));
        assert_eq!(is_enough(NEEDED_MIB, 0), Ok(()));
        assert!(is_enough(1024, NEEDED_MIB - 1025).is_err());
    }
}
