//! `storage`: what it makes, what it says, and what it refuses.

use crate::golden::Folder;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const CLUSTER: &str = "4L6g3nShT-eMCtK--X86sw";

/// A folder with `server.properties` of a combined node and directories `a` and `b`.
fn folder(name: &str, quorum: &str) -> Folder {
    let folder = Folder::new(name);
    let path = folder.0.display();
    let text = format!(
        "process.roles=broker,controller\nnode.id=1\n{quorum}\n\
         listeners=PLAINTEXT://127.0.0.1:24000,CONTROLLER://127.0.0.1:24001\n\
         controller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
         log.dirs={path}/a,{path}/b\n"
    );
    fs::write(folder.0.join("server.properties"), text).unwrap();
    folder
}

fn dynamic(name: &str) -> Folder {
    folder(name, "controller.quorum.bootstrap.servers=127.0.0.1:24001")
}

fn format(folder: &Folder, more: &[&str]) -> (i32, String, String) {
    let own = ["storage", "format", "-c", "server.properties", "-t", CLUSTER];
    folder.told(&[&own, more].concat())
}

#[test]
fn formats_as_kafka_does() {
    let golden = Folder::unpacked("format-golden", "formatted-standalone");
    let folder = dynamic("format");
    let user = "SCRAM-SHA-256=[name=formatted,password=a-secret]";
    let (code, out, err) = format(&folder, &["--standalone", "--add-scram", user]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let path = folder.0.display();
    let expected = format!(
        "Formatting dynamic metadata voter directory {path}/a with metadata.version 4.3-IV0.\n\
         Formatting data directory {path}/b with metadata.version 4.3-IV0.\n"
    );
    assert!(out.starts_with("Bootstrap metadata: ") && out.ends_with(&expected), "{out}");
    assert!(!out.contains("secret") && !out.contains("Key"), "{out}");
    // The same records as the golden directory's, as far as they are the same for all.
    let dump = |folder: &Folder, directory: &str| {
        let snapshot = "__cluster_metadata-0/00000000000000000000-0000000000.checkpoint";
        let files = format!("{directory}/bootstrap.checkpoint,{directory}/{snapshot}");
        let (code, out, _) =
            folder.told(&["dump-log", "--cluster-metadata-decoder", "--files", &files]);
        assert_eq!(code, 0);
        out.lines()
            .skip(1)
            .map(|line| {
                let until = |line: &str, end| line.split(end).next().unwrap_or_default().to_owned();
                let line = until(&until(&until(line, "\"salt\""), "voterDirectoryId"), " crc");
                line.chars().filter(|c| !c.is_ascii_digit()).collect::<String>()
            })
            .filter(|line| !line.starts_with("Dumping"))
            .collect::<Vec<_>>()
    };
    assert_eq!(dump(&golden, "data"), dump(&folder, "a"));
    let snapshot = "a/__cluster_metadata-0/00000000000000000000-0000000000.checkpoint";
    let mode = fs::metadata(folder.0.join(snapshot)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o400);
    assert!(!folder.0.join("b/__cluster_metadata-0").exists());

    let (code, _, err) = format(&folder, &["--standalone"]);
    assert_eq!(code, 1);
    assert!(err.starts_with(&format!("Log directory {path}/a is already formatted. Use")), "{err}");
    let (code, out, _) = format(&folder, &["--standalone", "-g"]);
    assert_eq!((code, out.as_str()), (0, "All of the log directories are already formatted.\n"));
    let (code, out, _) = folder.told(&["storage", "info", "--config=server.properties"]);
    assert_eq!(code, 0);
    assert!(out.contains(&format!("Found log directories:\n  {path}/a\n  {path}/b\n\n")), "{out}");
    assert!(
        out.contains(&format!("Found metadata: {{cluster.id={CLUSTER}, directory.id=")),
        "{out}"
    );
    fs::remove_dir_all(folder.0.join("b")).unwrap();
    let (code, out, _) = folder.told(&["storage", "info", "--config=server.properties"]);
    assert_eq!(code, 1);
    assert!(out.ends_with(&format!("Found problem:\n  {path}/b does not exist\n\n")), "{out}");
}

#[test]
fn older_releases_have_fewer_features() {
    let folder = folder("format-old", "controller.quorum.voters=1@127.0.0.1:24001");
    let (code, out, _) = format(&folder, &["-r", "3.6"]);
    assert_eq!(code, 0);
    assert!(out.contains("metadata directory") && out.contains("version 3.6-IV2"), "{out}");
    assert!(!out.contains("group.version") && !folder.0.join("a/__cluster_metadata-0").exists());
}

#[test]
fn what_format_refuses() {
    let folder = dynamic("format-refused");
    for (more, expected) in [
        (&[][..], "Because controller.quorum.voters is not set on this controller"),
        (&["-s", "-f", "x=1"], "Unsupported feature: x. Supported features are: eligible"),
        (&["-s", "-f", "x"], "Can't parse feature=level string x: equals sign not found."),
        (&["-s", "-f", "kraft.version=0"], "Cannot set kraft.version to 0"),
        (&["-s", "-f", "group.version=7"], "No feature:group.version with feature level 7"),
        (&["-s", "-r", "9"], "Unknown metadata.version '9'. Supported metadata.version are: 3.3"),
        (&["-s", "-r", "4.3", "-f", "metadata.version=30"], "Use --release-version instead of"),
        (&["-s", "-S", "SCRAM-SHA-256=[name=a]"], "You must supply one of 'password'"),
        (
            &["-s", "-r", "3.4", "-S", "SCRAM-SHA-256=[name=a,password=b]"],
            "SCRAM is only supported",
        ),
        (&["-I", "1@x"], "No colon following hostname could be found."),
        (&["-s", "-N"], "not allowed with argument --standalone/-s"),
    ] {
        let (code, _, err) = format(&folder, more);
        assert_eq!(code, 1, "{more:?}");
        assert!(err.contains(expected), "{more:?}: {err}");
        assert!(!folder.0.join("a").exists(), "{more:?} left something behind");
    }
    fs::write(
        folder.0.join("server.properties"),
        "log.dirs=/nowhere\nnode.id=1\nnum.io.threads=x\n",
    )
    .unwrap();
    let (code, _, err) = format(&folder, &["-s"]);
    assert_eq!(code, 1);
    assert!(err.contains("num.io.threads") && err.contains("Not a number"), "{err}");
    let (code, _, err) = folder.told(&["storage", "info", "-c", "missing.properties"]);
    assert_eq!(code, 1);
    assert!(err.contains("missing.properties"), "{err}");
}

#[test]
fn ids_are_new_each_time() {
    let folder = Folder::new("ids");
    let ids: BTreeSet<_> =
        (0..50).map(|_| folder.told(&["storage", "random-uuid"]).1.trim().to_owned()).collect();
    assert_eq!(ids.len(), 50);
    assert!(ids.iter().all(|id| id.len() == 22 && !id.starts_with('-')));
}

#[test]
fn kafkas_names_for_the_binary_work() {
    let folder = Folder::new("names");
    let script = folder.0.join("kafka-storage.sh");
    std::os::unix::fs::symlink(Path::new(env!("CARGO_BIN_EXE_dohle")), &script).unwrap();
    let output = folder.run_as(&script, &["version-mapping"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("metadata.version=30 (4.3-IV0)\nkraft.version=1\n"), "{text}");
}
