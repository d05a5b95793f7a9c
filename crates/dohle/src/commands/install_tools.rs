//! `dohle install-tools DIR`: links with the names of Kafka's scripts, with `.sh` and without.

use crate::console::{Console, Failure};
use std::path::Path;

/// How it is used.
pub(super) const USAGE: &str = "USAGE: dohle install-tools DIR\n\n\
    Makes links to this binary in DIR, one for each of Kafka's scripts that it can be, with .sh and \
    without.\n";

/// Makes the links.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let [folder] = words else {
        return Err(console.usage(USAGE));
    };
    let program = std::env::current_exe()
        .and_then(|path| path.canonicalize())
        .map_err(|error| Failure::new(format!("cannot find this binary: {error}")))?;
    let folder = Path::new(folder);
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
    let mut count = 0;
    for script in super::scripts() {
        for name in [format!("{script}.sh"), script.to_owned()] {
            link(&program, &folder.join(name))?;
            count += 1;
        }
    }
    writeln!(console.out, "{count} links in {}", folder.display())?;
    Ok(())
}

/// A link, in the place of an older link; what is no link is left alone.
fn link(program: &Path, place: &Path) -> Result<(), Failure> {
    let told = |error: std::io::Error| Failure::new(format!("{}: {error}", place.display()));
    match std::fs::symlink_metadata(place) {
        Ok(found) if found.is_symlink() => std::fs::remove_file(place).map_err(told)?,
        Ok(_) => {
            return Err(Failure::new(format!(
                "{} is there and no link: it is left as it is",
                place.display()
            )));
        }
        Err(_) => {}
    }
    std::os::unix::fs::symlink(program, place).map_err(told)
}
