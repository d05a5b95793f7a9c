//! A progress bar: one line of a terminal, drawn again and again, and gone at the end.

use super::interrupts::Interrupts;
use crate::console::Failure;
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What is done sooner needs no bar.
const QUIET: Duration = Duration::from_millis(500);
/// Ten times a second is smooth enough.
const BETWEEN: Duration = Duration::from_millis(100);
/// How long a command has to notice Ctrl-C at its next step. One that waits for a server may not get there.
const GRACE: Duration = Duration::from_secs(1);
/// To the line's begin, and nothing behind it (ECMA-48's "erase in line").
const ERASE: &str = "\r\x1b[K";
/// How long the bar itself is at most, in characters.
const CELLS_MAX: usize = 40;
/// Exit code of a process that SIGINT ended.
const INTERRUPTED: u8 = 130;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Of files.
    Bytes,
    /// Of a topic.
    Records,
}

/// The bar of one piece of work.
pub(crate) struct Bar {
    progress: Progress,
    /// How wide the terminal is.
    columns: usize,
    began: Instant,
    drawn: Option<Instant>,
    is_shown: bool,
    interrupts: Option<Interrupts>,
}

impl Bar {
    /// A bar for work that begins now, at a terminal so wide.
    pub(crate) fn new(unit: Unit, total: u64, columns: usize) -> Self {
        let (progress, began) = (Progress { unit, done: 0, total }, Instant::now());
        Self { progress, columns, began, drawn: None, is_shown: false, interrupts: None }
    }

    /// So much more is done: draws it, if it is time to.
    ///
    /// # Errors
    /// After Ctrl-C: the line is erased, and the command is to end.
    pub(crate) fn advance(&mut self, count: u64, err: &mut dyn Write) -> Result<(), Failure> {
        self.progress.done += count;
        let now = Instant::now();
        if self.interrupts.as_ref().is_some_and(Interrupts::came) {
            self.erase(err)?;
            return Err(Failure::Exit(ExitCode::from(INTERRUPTED)));
        }
        let since_drawn = self.drawn.map(|drawn| now - drawn);
        if !is_due(now - self.began, since_drawn) {
            return Ok(());
        }
        if self.interrupts.is_none() {
            self.interrupts = Interrupts::listen(leave);
        }
        let line = line(self.progress, self.columns, now - self.began);
        write!(err, "{ERASE}{line}")?;
        err.flush()?;
        (self.drawn, self.is_shown) = (Some(now), true);
        Ok(())
    }

    /// Takes it off the screen, before anything else is printed and at the end. The next step may draw it again.
    pub(crate) fn erase(&mut self, err: &mut dyn Write) -> Result<(), Failure> {
        if std::mem::take(&mut self.is_shown) {
            write!(err, "{ERASE}")?;
            err.flush()?;
        }
        Ok(())
    }
}

/// Ends the process where the command has not noticed in time. On a thread that nobody waits for.
fn leave() {
    std::thread::spawn(|| {
        std::thread::sleep(GRACE);
        // The terminal may be gone too.
        let _erased = write!(std::io::stderr(), "{ERASE}");
        std::process::exit(i32::from(INTERRUPTED));
    });
}

/// Whether to draw, so long after the work began and the bar was drawn last.
fn is_due(elapsed: Duration, since_drawn: Option<Duration>) -> bool {
    elapsed >= QUIET && since_drawn.is_none_or(|since| since >= BETWEEN)
}

/// How far a piece of work is.
#[derive(Debug, Clone, Copy)]
struct Progress {
    unit: Unit,
    done: u64,
    total: u64,
}

/// The bar's line, shorter than the terminal is wide: how much, how much of it, and how long it still takes at this pace.
fn line(progress: Progress, columns: usize, elapsed: Duration) -> String {
    let Progress { unit, done, total } = progress;
    let done = done.min(total);
    let share = if total == 0 { 1.0 } else { done as f64 / total as f64 };
    let left = match share {
        share if share > 0.0 => {
            let seconds = elapsed.as_secs_f64() * (1.0 - share) / share;
            format!("  {} left", duration(seconds.ceil() as u64))
        }
        _ => String::new(),
    };
    let counts = match unit {
        Unit::Bytes => format!("{} of {}", size(done), size(total)),
        Unit::Records => format!("{done} of {total} records"),
    };
    let percent = format!("{:3}%", (share * 100.0).floor());
    let full = format!("  {percent}  {counts}{left}");
    // Two brackets, and a column free, for some terminals go on in the next line behind the last.
    let room = columns.saturating_sub(full.len() + 3).min(CELLS_MAX);
    if room < 5 {
        return percent.trim_start().chars().take(columns.saturating_sub(1)).collect();
    }
    let filled = (share * room as f64).floor() as usize;
    format!("[{}{}]{full}", "#".repeat(filled), "-".repeat(room - filled))
}

/// Bytes as people say them.
fn size(bytes: u64) -> String {
    let mut amount = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if amount < 1024.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{amount:.1} {unit}") };
        }
        amount /= 1024.0;
    }
    format!("{amount:.1} TiB")
}

fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        for (unit, done, total, columns, seconds, expected) in [
            (Unit::Bytes, 0, 2048, 60, 1, "[-----------------------------]    0%  0 B of 2.0 KiB"),
            (
                Unit::Records,
                500,
                1000,
                60,
                70,
                "[######------]   50%  500 of 1000 records  1 min 10 s left",
            ),
            (Unit::Records, 5, 1000, 30, 20, "0%"),
            (
                Unit::Records,
                1000,
                1000,
                70,
                20,
                "[########################]  100%  1000 of 1000 records  0 s left",
            ),
            // What grew while it was read is no more than all of it.
            (Unit::Bytes, 9, 8, 50, 1, "[############]  100%  8 B of 8 B  0 s left"),
            (Unit::Bytes, 0, 0, 50, 1, "[############]  100%  0 B of 0 B  0 s left"),
            (
                Unit::Bytes,
                3 << 30,
                6 << 30,
                80,
                7200,
                "[##############--------------]   50%  3.0 GiB of 6.0 GiB  2 h 00 min left",
            ),
            (Unit::Bytes, 1, 2, 3, 1, "50"),
        ] {
            let found = line(Progress { unit, done, total }, columns, Duration::from_secs(seconds));
            assert!(found.len() < columns, "{found}");
            let cells = |line: &str| line.split_once(']').map(|(_, rest)| rest.to_owned());
            assert_eq!(cells(&found), cells(expected), "{found}");
            let share = |line: &str| {
                let count = |mark: char| line.chars().filter(|found| *found == mark).count();
                (count('#') > 0, count('-') > 0)
            };
            assert_eq!(share(&found), share(expected), "{found}");
        }
    }

    #[test]
    fn when_it_is_drawn() {
        let ms = Duration::from_millis;
        for (elapsed, since, expected) in [
            (ms(0), None, false),
            (ms(499), None, false),
            (ms(500), None, true),
            (ms(700), Some(ms(99)), false),
            (ms(700), Some(ms(100)), true),
        ] {
            assert_eq!(is_due(elapsed, since), expected, "{elapsed:?} {since:?}");
        }
    }

    #[test]
    fn what_is_written() {
        let mut err = Vec::new();
        let mut bar = Bar::new(Unit::Bytes, 4, 80);
        bar.advance(1, &mut err).unwrap();
        bar.erase(&mut err).unwrap();
        assert_eq!(err, b"");
        bar.began -= QUIET;
        bar.advance(1, &mut err).unwrap();
        bar.advance(1, &mut err).unwrap();
        bar.erase(&mut err).unwrap();
        bar.erase(&mut err).unwrap();
        let text = String::from_utf8(err).unwrap();
        assert!(text.starts_with("\r\x1b[K[####") && text.contains(" 50% "), "{text:?}");
        assert!(!text.contains("75%") && text.ends_with("left\r\x1b[K"), "{text:?}");
        assert_eq!(text.matches(ERASE).count(), 2, "{text:?}");
    }
}
