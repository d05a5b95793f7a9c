//! `dohle container` in a folder that looks like the root of an image.

use crate::golden::Folder;
use crate::server::{Server, log_of};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Output};

const DOHLE: &str = env!("CARGO_BIN_EXE_dohle");

/// The folders of an image, with links to the binary where the image's scripts are.
fn image(name: &str) -> Folder {
    let folder = Folder::new(name);
    for path in ["opt/kafka/config", "etc/kafka/docker", "opt/bitnami/scripts/kafka", "run"] {
        fs::create_dir_all(folder.0.join(path)).unwrap();
    }
    for path in [
        "etc/kafka/docker/run",
        "opt/bitnami/scripts/kafka/entrypoint.sh",
        "opt/bitnami/scripts/kafka/run.sh",
    ] {
        symlink(DOHLE, folder.0.join(path)).unwrap();
    }
    folder
}

/// A program of the image, with these variables and no others.
fn program(folder: &Folder, path: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(folder.0.join(path));
    command.env_clear().envs(variables.iter().copied());
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn topics(server: &Server, words: &[&str]) -> String {
    let address = server.address("PLAINTEXT").to_string();
    let output = Command::new(DOHLE)
        .args(["topics", "--bootstrap-server", &address])
        .args(words)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    said(&output)
}

fn data(folder: &Folder) -> String {
    PathBuf::from(&folder.0).join("data").display().to_string()
}

#[test]
fn as_the_image_of_apache_kafka() {
    let folder = image("apache");
    let data = data(&folder);
    let variables = [
        ("KAFKA_NODE_ID", "4"),
        ("KAFKA_LISTENERS", "PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0"),
        ("KAFKA_LOG_DIRS", &data),
        ("KAFKA_NUM_PARTITIONS", "3"),
        ("CLUSTER_ID", "4L6g3nShT-eMCtK--X86sw"),
        ("KAFKA_HEAP_OPTS", "-Xmx1g"),
    ];
    for is_first in [true, false] {
        // What `docker run IMAGE KAFKA_NUM_PARTITIONS=5` gives counts more.
        let mut command = program(&folder, "etc/kafka/docker/run", &variables);
        command.args(["KAFKA_NUM_PARTITIONS=5", "--root", "."]);
        let server = Server::run(&folder, &mut command);
        if is_first {
            topics(&server, &["--create", "--topic", "t"]);
        }
        assert!(topics(&server, &["--describe", "--topic", "t"]).contains("PartitionCount: 5"));
        let address = server.address("PLAINTEXT").to_string();
        let listener = format!("KAFKA_LISTENERS=PLAINTEXT://{address}");
        let health = |command: &mut Command| {
            command.args(["--health", &listener]).output().unwrap().status.success()
        };
        assert!(health(&mut program(&folder, "etc/kafka/docker/run", &variables)));
        let (code, _) = server.stop();
        assert_eq!(code, Some(0));
        assert!(!health(&mut program(&folder, "etc/kafka/docker/run", &variables)));
    }
    let meta = fs::read_to_string(folder.0.join("data/meta.properties")).unwrap();
    assert!(meta.contains("node.id=4") && meta.contains("cluster.id=4L6g3nShT-eMCtK--X86sw"));
    assert!(!log_of(&folder).contains("heap"), "{}", log_of(&folder));
}

#[test]
fn as_the_image_of_bitnami() {
    let folder = image("bitnami");
    let data = data(&folder);
    fs::create_dir_all(folder.0.join("bitnami/kafka/config")).unwrap();
    let mounted = "num.partitions=2\nlog.retention.hours=1\n";
    fs::write(folder.0.join("bitnami/kafka/config/server.properties"), mounted).unwrap();
    let variables = [
        ("KAFKA_ENABLE_KRAFT", "yes"),
        ("ALLOW_PLAINTEXT_LISTENER", "yes"),
        ("KAFKA_CFG_NODE_ID", "0"),
        ("KAFKA_CFG_PROCESS_ROLES", "controller,broker"),
        ("KAFKA_CFG_LISTENERS", "PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0"),
        ("KAFKA_CFG_CONTROLLER_LISTENER_NAMES", "CONTROLLER"),
        ("KAFKA_CFG_CONTROLLER_QUORUM_VOTERS", "0@127.0.0.1:9093"),
        ("KAFKA_CFG_OFFSETS_TOPIC_REPLICATION_FACTOR", "1"),
        ("KAFKA_CFG_LOG_DIRS", &data),
        ("KAFKA_KRAFT_CLUSTER_ID", "5L6g3nShT-eMCtK--X86sw"),
    ];
    let entry = "opt/bitnami/scripts/kafka/entrypoint.sh";
    let mut command = program(&folder, entry, &variables);
    command.args(["/opt/bitnami/scripts/kafka/run.sh", "--root", "."]);
    let server = Server::run(&folder, &mut command);
    topics(&server, &["--create", "--topic", "t"]);
    assert!(topics(&server, &["--describe", "--topic", "t"]).contains("PartitionCount: 2"));
    assert_eq!(server.stop().0, Some(0));
    // `docker run IMAGE kafka-storage.sh random-uuid`
    let mut tool = program(&folder, entry, &variables);
    let output = tool.args(["kafka-storage.sh", "random-uuid"]).output().unwrap();
    assert_eq!(said(&output).trim().len(), 22);
}

#[test]
fn who_asks_is_told_what_came_of_the_variables() {
    let folder = image("debug");
    let data = data(&folder);
    let variables = [
        ("BITNAMI_DEBUG", "true"),
        ("KAFKA_CFG_LOG_DIRS", data.as_str()),
        ("KAFKA_CFG_NUM_PARTITIONS", "many"),
        ("KAFKA_CFG_SSL_KEY_PASSWORD", "magpie"),
    ];
    for is_asked in [true, false] {
        let variables = if is_asked { &variables[..] } else { &variables[1..] };
        let mut command = program(&folder, "opt/bitnami/scripts/kafka/run.sh", variables);
        let output = command.args(["--root", "."]).current_dir(&folder.0).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        for line in [
            "DEBUG ==>   num.partitions=many\n",
            "DEBUG ==>   ssl.key.password=[hidden]\n",
            "DEBUG ==> kafka-storage.sh format --ignore-formatted",
        ] {
            assert_eq!(told.contains(line), is_asked, "{told}");
        }
        assert!(!told.contains("magpie"), "{told}");
    }
}

#[test]
fn what_makes_no_sense_is_told() {
    let folder = image("wrong");
    let run = |variables: &[(&str, &str)]| {
        let mut command = program(&folder, "etc/kafka/docker/run", variables);
        let output = command.args(["--root", "."]).current_dir(&folder.0).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let data = data(&folder);
    for (variables, expected) in [
        (vec![("KAFKA_SSL_KEY_PASSWORD_FILE", "/nowhere/key")], "/nowhere/key"),
        (vec![("KAFKA_NUM_PARTITIONS", "many")], "num.partitions"),
    ] {
        let mut all = vec![("KAFKA_LOG_DIRS", data.as_str())];
        all.extend(variables);
        let (code, told) = run(&all);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains(expected), "{told}");
    }
}
