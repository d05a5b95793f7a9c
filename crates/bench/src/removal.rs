//! Data that nobody needs any more. Its blocks are given back at once, its files' names at the end:
//! ext4 passes over each inode that was freed in the last minutes when it makes a file, so that what
//! is made right behind the removal of thousands of files costs many times as much as otherwise.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::Path;

const PREFIX: &str = "removed-";

/// Empties the files of a server's directory, and gives it a name that is to be removed.
pub(crate) fn put_aside(directory: &Path) {
    let Some(parent) = directory.parent() else { return };
    let free = (0_u32..).map(|number| parent.join(format!("{PREFIX}{number}")));
    let Some(aside) = free.into_iter().find(|path| !path.exists()) else { return };
    // What cannot be put aside, as there is none, is in nobody's way.
    if fs::rename(directory, &aside).is_ok() {
        let _ = empty(&aside);
    }
}

fn empty(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            empty(&entry.path())?;
        } else if entry.metadata()?.len() > 0 {
            File::create(entry.path())?;
        }
    }
    Ok(())
}

/// Removes all that was put aside in `data`, by this run or one that was ended.
pub(crate) fn remove_all(data: &Path) {
    let Ok(entries) = fs::read_dir(data) else { return };
    let is_aside = |name: &OsStr| name.to_string_lossy().starts_with(PREFIX);
    for entry in entries.flatten().filter(|entry| is_aside(&entry.file_name())) {
        let _ = fs::remove_dir_all(entry.path());
    }
}

#[cfg(test)]
mod tests {
    use super::{put_aside, remove_all};
    use std::fs;

    #[test]
    fn names_go_last() {
        let data = std::env::temp_dir().join(format!("dohle-bench-removal-{}", std::process::id()));
        for content in ["one", "two"] {
            let folder = data.join("dohle-fresh");
            fs::create_dir_all(folder.join("t-0")).unwrap();
            fs::write(folder.join("t-0/0.log"), content).unwrap();
            put_aside(&folder);
            assert!(!folder.exists());
        }
        put_aside(&data.join("nothing"));
        for number in 0..2 {
            let left = data.join(format!("removed-{number}/t-0/0.log"));
            assert_eq!(fs::metadata(left).unwrap().len(), 0);
        }
        remove_all(&data);
        assert_eq!(fs::read_dir(&data).unwrap().count(), 0);
        fs::remove_dir(&data).unwrap();
    }
}
