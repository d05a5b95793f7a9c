//! How much reactors have to do, and who gets what comes next.

use std::time::{Duration, Instant};

/// How far back a reactor's load looks.
const LOAD_WINDOW: Duration = Duration::from_secs(1);

/// In a second by one task: some hundredths of what a reactor can move.
const BUSY_BYTES: u64 = 64 << 20;
/// Less of a difference says nothing.
const TOLD_APART_BYTES: u64 = 1 << 20;

/// The last full second of a reactor.
pub(super) struct Window {
    began: Instant,
    /// Tasks that have come since.
    young: u64,
    bytes_at_begin: u64,
    bytes_before: u64,
}

impl Window {
    /// Of a reactor that has moved nothing.
    pub(super) fn new(now: Instant) -> Self {
        Self { began: now, young: 0, bytes_at_begin: 0, bytes_before: 0 }
    }

    /// A task has come.
    pub(super) fn add(&mut self) {
        self.young += 1;
    }

    /// What there is to do, if `total` bytes have been moved by now.
    pub(super) fn load(&mut self, total: u64, tasks: u64, now: Instant) -> Load {
        let age = now - self.began;
        if age >= LOAD_WINDOW {
            let bytes = total - self.bytes_at_begin;
            let per_window = u128::from(bytes) * LOAD_WINDOW.as_millis() / age.as_millis().max(1);
            *self = Self {
                began: now,
                young: 0,
                bytes_at_begin: total,
                bytes_before: u64::try_from(per_window).unwrap_or(u64::MAX),
            };
        }
        let bytes = self.bytes_before.max(total - self.bytes_at_begin);
        Load { bytes, young: self.young, tasks }
    }
}

/// How much a reactor has to do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Load {
    /// Of the last second.
    pub(super) bytes: u64,
    /// Tasks that have come since the window began: what they will move is not known yet.
    pub(super) young: u64,
    pub(super) tasks: u64,
}

/// Which of these has the least to do, the first if several have.
///
/// What has been moved tells of those that are there. One that has just come counts as one of them
/// does in the mean, and as no less than what makes a reactor busy: else all of a burst would go where
/// the last second happened to bring a little less. Where nobody is busy the number of tasks decides.
pub(super) fn least(loads: impl Iterator<Item = Load> + Clone) -> Option<usize> {
    let (bytes, tasks) = loads.clone().fold((0_u64, 0), |(bytes, tasks), load| {
        (bytes.saturating_add(load.bytes), tasks + load.tasks)
    });
    let of_young = (bytes / tasks.max(1)).max(BUSY_BYTES);
    let weight = |load: Load| {
        let expected = load.bytes.saturating_add(load.young.saturating_mul(of_young));
        (expected / TOLD_APART_BYTES, load.tasks)
    };
    let (index, _) = loads.enumerate().min_by_key(|&(_, load)| weight(load))?;
    Some(index)
}

#[cfg(test)]
mod tests {
    use super::{Load, Window, least};
    use std::time::{Duration, Instant};

    const MB: u64 = 1_000_000;

    /// Gives each of so many to who has the least: how many tasks each has then.
    fn spread(bytes: &[u64], tasks: &[u64], count: usize) -> Vec<u64> {
        let load = |(&bytes, &tasks)| Load { bytes, young: 0, tasks };
        let mut loads: Vec<Load> = bytes.iter().zip(tasks).map(load).collect();
        for _ in 0..count {
            let index = least(loads.iter().copied()).unwrap();
            loads[index].tasks += 1;
            loads[index].young += 1;
        }
        loads.iter().map(|load| load.tasks).collect()
    }

    #[test]
    fn a_burst_is_spread_whatever_has_been_moved() {
        assert_eq!(spread(&[0, 0], &[0, 0], 4), [2, 2]);
        // Whoever moved it has gone.
        assert_eq!(spread(&[400 * MB, 350 * MB], &[0, 0], 4), [2, 2]);
        assert_eq!(spread(&[37 * MB, 60 * MB, 20 * MB, 39 * MB], &[0; 4], 8), [2; 4]);
        assert_eq!(spread(&[500 * MB, 510 * MB], &[1, 1], 4), [3, 3]);
        // A client that has made its topic and goes on on other connections.
        assert_eq!(spread(&[MB / 2, 0], &[1, 0], 5), [3, 3]);
    }

    #[test]
    fn a_busy_reactor_is_spared() {
        // One that is read from at full speed, and one that is idle.
        assert_eq!(spread(&[1000 * MB, 0], &[1, 1], 2), [1, 3]);
        // Idle ones in their thousands weigh less than what is busy.
        assert_eq!(spread(&[0, 1000 * MB], &[1000, 10], 2), [1002, 10]);
        // Where nothing is busy, it is their number that counts.
        assert_eq!(spread(&[0, MB / 2], &[1000, 10], 1), [1000, 11]);
    }

    #[test]
    fn one_reactor_has_it_all() {
        assert_eq!(spread(&[MB], &[3], 2), [5]);
        assert_eq!(least(std::iter::empty()), None);
        let most = Load { bytes: u64::MAX, young: u64::MAX, tasks: u64::MAX };
        assert_eq!(least([most].into_iter()), Some(0));
    }

    #[test]
    fn a_window_looks_back_a_second() {
        let start = Instant::now();
        let after = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut window = Window::new(start);
        window.add();
        let mut told = |total, milliseconds| {
            let load = window.load(total, 7, after(milliseconds));
            assert_eq!(load.tasks, 7);
            (load.bytes, load.young)
        };
        assert_eq!(told(100, 500), (100, 1));
        // In two seconds.
        assert_eq!(told(400, 2000), (200, 0));
        assert_eq!(told(450, 2500), (200, 0));
        assert_eq!(told(700, 2600), (300, 0));
        assert_eq!(told(700, 3000), (300, 0));
        assert_eq!(told(700, 4000), (0, 0));
    }
}
