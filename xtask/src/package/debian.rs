//! The Debian package from the binary and the files of `packaging/debian`.

use super::said;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the links with the names of Kafka's scripts lie.
const SCRIPTS: &str = "usr/lib/dohle/bin";
const PROGRAM: u32 = 0o755;
const DATA: u32 = 0o644;

/// A folder that becomes a package.
struct Tree<'a> {
    root: PathBuf,
    /// `packaging/debian`.
    given: &'a Path,
}

/// Makes the package in `folder`; its path.
pub(super) fn make(root: &Path, binary: &Path, folder: &Path) -> Result<PathBuf, String> {
    let tree = Tree { root: folder.join("tree"), given: &root.join("packaging/debian") };
    let program = tree.root.join("usr/bin/dohle");
    tree.put("usr/bin/dohle", &read(binary)?, PROGRAM)?;
    said(Command::new("strip").args(["--strip-all", "--remove-section=.comment"]).arg(&program))?;
    let version = said(Command::new(&program).arg("--version"))?.trim().to_owned();

    tree.take("dohle.service", "usr/lib/systemd/system/dohle.service", DATA)?;
    tree.take("dohle.sysusers", "usr/lib/sysusers.d/dohle.conf", DATA)?;
    tree.take("server.properties", "etc/dohle/server.properties", DATA)?;
    tree.take("copyright", "usr/share/doc/dohle/copyright", DATA)?;
    tree.put("DEBIAN/conffiles", b"/etc/dohle/server.properties\n", DATA)?;
    for script in ["postinst", "prerm", "postrm"] {
        tree.take(script, &format!("DEBIAN/{script}"), PROGRAM)?;
    }
    tree.write_completions(&program)?;
    tree.write_manual(&program)?;
    tree.write_changelog(&version)?;
    tree.link_scripts(&program)?;
    tree.write_control(&version)?;

    let name = format!("dohle_{version}_{}.deb", architecture()?);
    let package = folder.join(name);
    let mut command = Command::new("dpkg-deb");
    said(command.args(["--root-owner-group", "--build"]).arg(&tree.root).arg(&package))?;
    Ok(package)
}

impl Tree<'_> {
    fn put(&self, place: &str, bytes: &[u8], mode: u32) -> Result<(), String> {
        let path = self.root.join(place);
        let told = |error| format!("{}: {error}", path.display());
        fs::create_dir_all(path.parent().unwrap_or(&self.root)).map_err(told)?;
        fs::write(&path, bytes).map_err(told)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(told)
    }

    /// One of the given files.
    fn take(&self, name: &str, place: &str, mode: u32) -> Result<(), String> {
        self.put(place, &read(&self.given.join(name))?, mode)
    }

    fn write_completions(&self, program: &Path) -> Result<(), String> {
        for (shell, place) in [
            ("bash", "usr/share/bash-completion/completions/dohle"),
            ("zsh", "usr/share/zsh/vendor-completions/_dohle"),
            ("fish", "usr/share/fish/vendor_completions.d/dohle.fish"),
        ] {
            let text = said(Command::new(program).args(["completion", shell]))?;
            self.put(place, text.as_bytes(), DATA)?;
        }
        Ok(())
    }

    fn write_manual(&self, program: &Path) -> Result<(), String> {
        let folder = self.root.join("usr/share/man/man1");
        said(Command::new(program).arg("man").arg(&folder))?;
        files(&folder)?.iter().try_for_each(|page| compress(page))
    }

    fn write_changelog(&self, version: &str) -> Result<(), String> {
        let text = format!(
            "dohle ({version}) unstable; urgency=medium\n\n  * Version {version}.\n\n \
             -- The Dohle developers <dohle@localhost>  Thu, 01 Jan 2026 00:00:00 +0000\n"
        );
        let place = "usr/share/doc/dohle/changelog.gz";
        self.put(place.trim_end_matches(".gz"), text.as_bytes(), DATA)?;
        compress(&self.root.join(place.trim_end_matches(".gz")))
    }

    /// Links that still lead to the binary where the package is installed.
    fn link_scripts(&self, program: &Path) -> Result<(), String> {
        let folder = self.root.join(SCRIPTS);
        said(Command::new(program).arg("install-tools").arg(&folder))?;
        for link in files(&folder)? {
            let told = |error| format!("{}: {error}", link.display());
            fs::remove_file(&link).map_err(told)?;
            symlink("../../../bin/dohle", &link).map_err(told)?;
        }
        Ok(())
    }

    fn write_control(&self, version: &str) -> Result<(), String> {
        let kilobytes = said(Command::new("du").args(["-sk", "--apparent-size"]).arg(&self.root))?;
        let kilobytes = kilobytes.split_whitespace().next().unwrap_or_default().to_owned();
        let text = String::from_utf8(read(&self.given.join("control"))?)
            .map_err(|error| format!("control: {error}"))?;
        let text = text
            .replace("VERSION", version)
            .replace("ARCHITECTURE", &architecture()?)
            .replace("SIZE", &kilobytes)
            .replace("LIBC", &libc(&read(&self.root.join("usr/bin/dohle"))?)?);
        self.put("DEBIAN/control", text.as_bytes(), DATA)
    }
}

/// The newest symbol version of the C library that the binary needs.
fn libc(program: &[u8]) -> Result<String, String> {
    const PREFIX: &[u8] = b"GLIBC_2.";
    let starts = program.windows(PREFIX.len()).enumerate();
    let minors = starts.filter(|(_, window)| *window == PREFIX).filter_map(|(at, _)| {
        let digits = program[at + PREFIX.len()..].iter().take_while(|byte| byte.is_ascii_digit());
        let digits: String = digits.map(|byte| char::from(*byte)).collect();
        digits.parse::<u32>().ok()
    });
    let minor = minors.max().ok_or("the binary does not say which C library it needs")?;
    Ok(format!("2.{minor}"))
}

fn architecture() -> Result<String, String> {
    Ok(said(Command::new("dpkg").arg("--print-architecture"))?.trim().to_owned())
}

fn compress(path: &Path) -> Result<(), String> {
    said(Command::new("gzip").args([OsStr::new("-9n"), path.as_os_str()])).map(drop)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let told = |error| format!("{}: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(told)?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(told)).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::libc;

    #[test]
    fn the_newest_symbol_counts() {
        let program = b"..GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.4\0GLIBC_PRIVATE";
        assert_eq!(libc(program), Ok("2.34".to_owned()));
        assert!(libc(b"nothing").is_err());
    }
}
