//! Golden data on the real disk, the binary that is tested, and folders that go with their test.

use std::fs;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Where the golden data lies: `DOHLE_SHARED`, or `shared` beside the workspace.
pub(crate) fn shared() -> PathBuf {
    std::env::var("DOHLE_SHARED").map_or_else(
        |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    )
}

/// The content of a golden file.
pub(crate) fn read(path: &str) -> Vec<u8> {
    let path = shared().join("golden").join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("golden data is missing: {path:?}: {error}"))
}

/// A folder of one test, removed with it.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    /// An empty folder of this name.
    pub(crate) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// With the golden data directory `data` unpacked in it.
    pub(crate) fn unpacked(name: &str, data: &str) -> Self {
        let folder = Self::new(name);
        let packed = read(&format!("data/{data}.tar.zst"));
        unpack(&zstd::decode_all(&packed[..]).unwrap(), &folder.0);
        folder
    }

    /// Runs the binary in the folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_as(Path::new(env!("CARGO_BIN_EXE_dohle")), arguments)
    }

    /// Runs a program in the folder; its logs go nowhere else either.
    pub(crate) fn run_as(&self, program: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.0).env_remove("LOG_DIR").stdin(Stdio::null());
        command.output().unwrap()
    }

    /// Runs the binary, and gives exit code, standard output and standard error.
    pub(crate) fn told(&self, arguments: &[&str]) -> (i32, String, String) {
        told(self.run(arguments))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Exit code, standard output and standard error.
pub(crate) fn told(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Unpacks a tar archive of GNU's kind: long names and sparse files too.
fn unpack(mut archive: &[u8], into: &Path) {
    let mut header = [0; 512];
    let mut long_name = None;
    while archive.read_exact(&mut header).is_ok() && header[0] != 0 {
        let name = long_name.take().unwrap_or_else(|| text(&header[..100]));
        let path = into.join(name.trim_start_matches("./"));
        let packed = octal(&header[124..136]);
        match header[156] {
            b'5' => fs::create_dir_all(&path).unwrap(),
            b'L' => long_name = Some(text(take(&mut archive, packed.next_multiple_of(512)))),
            kind @ (b'0' | b'S') => {
                let mut runs = vec![(0, packed)];
                let mut size = packed;
                if kind == b'S' {
                    size = octal(&header[483..495]);
                    runs = sparse_runs(&header, &mut archive);
                }
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                let file = fs::File::create(&path).unwrap();
                file.set_len(size).unwrap();
                for (position, length) in runs {
                    file.write_all_at(take(&mut archive, length), position).unwrap();
                }
                take(&mut archive, packed.next_multiple_of(512) - packed);
            }
            kind => panic!("{}: a tar entry of type {kind}", path.display()),
        }
    }
}

fn sparse_runs(header: &[u8; 512], archive: &mut &[u8]) -> Vec<(u64, u64)> {
    let mut runs = Vec::new();
    let mut add = |bytes: &[u8]| {
        for run in bytes.chunks_exact(24).filter(|run| run[0] != 0) {
            runs.push((octal(&run[..12]), octal(&run[12..])));
        }
    };
    add(&header[386..482]);
    let mut more = header[482] != 0;
    while more {
        let block = take(archive, 512);
        add(&block[..504]);
        more = block[504] != 0;
    }
    runs
}

fn take<'a>(archive: &mut &'a [u8], length: u64) -> &'a [u8] {
    let (taken, rest) = archive.split_at(usize::try_from(length).unwrap());
    *archive = rest;
    taken
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8(bytes[..end].to_vec()).unwrap()
}

fn octal(bytes: &[u8]) -> u64 {
    let digits = text(bytes);
    u64::from_str_radix(digits.trim(), 8).unwrap_or_else(|_| panic!("{digits:?} is not octal"))
}
