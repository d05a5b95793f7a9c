//! Times that are wrong by years: those of records, and that of the machine.
//!
//! Records may say any time; they keep their order and their offsets. For the machine's clock a
//! small library is built (where there is a C compiler) and put before the node's: it adds to the
//! wall clock what a file says, which may change while the node runs.

use crate::scenario::{Ground, want};
use crate::server::Server;
use crate::wire::Wire;
use crate::writer::{Writer, now_ms};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const TOPIC: &str = "times";
const YEAR_MS: i64 = 365 * 86_400_000;
const KEPT: [(&str, &str); 2] =
    [("retention.ms", "-1"), ("message.timestamp.after.max.ms", "9223372036854775807")];

pub(crate) fn run(ground: &Ground) -> Result<(), String> {
    records(ground)?;
    match library(&ground.folder) {
        Some(library) => machine(ground, &library),
        None => {
            ground.leave_out("the machine's clock, for want of a C compiler");
            Ok(())
        }
    }
}

/// Records whose times jump.
fn records(ground: &Ground) -> Result<(), String> {
    let mut server = Server::new(&ground.binary, &ground.folder.join("records"))?
        .with("log.retention.check.interval.ms=500")
        .with("log.initial.task.delay.ms=500");
    server.start()?;
    let mut wire = Wire::dial(&server.address())?;
    wire.create(TOPIC, 2, &KEPT)?;
    let mut writer = Writer::new(TOPIC);
    let times =
        [0, 1, now_ms(), now_ms() + 70 * YEAR_MS, now_ms() - 50 * YEAR_MS, i64::MAX, 1 << 42];
    for round in 0..20 {
        for time in times {
            writer.send_at(&mut wire, round % 2, 500, time)?;
        }
    }
    std::thread::sleep(Duration::from_millis(1_500));
    writer.check(&server.address(), 2)?;
    server.kill()?;
    server.start()?;
    let compared = writer.check(&server.address(), 2)?;
    want(server.stop()? == Some(0), "a clean stop fails")?;
    server.start()?;
    writer.check(&server.address(), 2)?;
    println!("   times of records from 1970 to the end of time: {compared:?}");
    Ok(())
}

/// The machine's clock jumps under the node.
fn machine(ground: &Ground, library: &Path) -> Result<(), String> {
    let shift = ground.folder.join("shift");
    let set = |years: i64| {
        let seconds = (years * YEAR_MS / 1000).to_string();
        std::fs::write(&shift, seconds).map_err(|error| error.to_string())
    };
    set(0)?;
    let mut server = Server::new(&ground.binary, &ground.folder.join("machine"))?
        .with("log.retention.check.interval.ms=500")
        .with("log.initial.task.delay.ms=500")
        .with_variable("LD_PRELOAD", library)
        .with_variable("CLOCK_SHIFT_FILE", &shift);
    server.start()?;
    let mut writer = Writer::new(TOPIC);
    Wire::dial(&server.address())?.create(TOPIC, 4, &KEPT)?;
    let round = |writer: &mut Writer, server: &Server| -> Result<(), String> {
        let mut wire = Wire::dial(&server.address())?;
        for number in 0..200 {
            writer.send(&mut wire, number % 4, 500)?;
        }
        std::thread::sleep(Duration::from_millis(1_200));
        writer.check(&server.address(), 4).map(drop)
    };
    for years in [40, -40, 0] {
        set(years)?;
        let at = |why| format!("{years} years off: {why}");
        round(&mut writer, &server).map_err(at)?;
        server.kill()?;
        server.start().map_err(at)?;
        round(&mut writer, &server).map_err(at)?;
        // It jumps while the node is down.
        want(server.stop()? == Some(0), "a clean stop fails")?;
        set(-years)?;
        server.start().map_err(at)?;
        round(&mut writer, &server).map_err(at)?;
    }
    // What it logs is as wrong as its clock, or all this has shown nothing.
    let log = server.log();
    let years = log.lines().filter_map(|line| line.get(..4)?.parse::<i64>().ok());
    let (first, last) = (years.clone().min().unwrap_or(0), years.max().unwrap_or(0));
    println!(
        "   the machine's clock wrong by years, while it runs and while it is down, in its log from {first} to \
         {last}: {} acknowledged, all there",
        writer.acknowledged()
    );
    want(70 < last - first, "the node does not see the wrong clock")
}

/// The library that shifts the wall clock.
fn library(folder: &Path) -> Option<PathBuf> {
    let (source, library) = (folder.join("shift.c"), folder.join("libshift.so"));
    std::fs::write(&source, SOURCE).ok()?;
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status();
    built.is_ok_and(|status| status.success()).then_some(library)
}

/// `clock_gettime` with the seconds of `$CLOCK_SHIFT_FILE` added to the wall clock. The file is
/// read anew each time.
const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *into) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, into);
    const char *path = getenv("CLOCK_SHIFT_FILE");
    if (result == 0 && path && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        char text[32] = {0};
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file >= 0) {
            if (read(file, text, sizeof text - 1) > 0) into->tv_sec += atol(text);
            close(file);
        }
    }
    return result;
}
"#;
