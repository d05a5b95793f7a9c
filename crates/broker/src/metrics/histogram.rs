//! How long something took: how often, by powers of two.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Buckets of a histogram: the last one takes what is longer than 2^24 microseconds (17 s).
pub(crate) const BUCKETS: usize = 26;

/// A histogram of what is not done often: all threads share its words.
#[derive(Default)]
pub(crate) struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    sum_micros: AtomicU64,
    max_micros: AtomicU64,
}

/// What a histogram says at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    /// What took at most 2^n microseconds and more than 2^(n-1), by n.
    pub(super) buckets: [u64; BUCKETS],
    pub(super) sum: Duration,
    /// The longest; zero where it is not kept.
    pub(super) max: Duration,
}

impl Histogram {
    /// Something took so long.
    pub(crate) fn record(&self, took: Duration) {
        let micros = took.as_micros();
        let whole = u64::try_from(micros).unwrap_or(u64::MAX);
        self.buckets[bucket(micros)].fetch_add(1, Ordering::Relaxed);
        self.sum_micros.fetch_add(whole, Ordering::Relaxed);
        self.max_micros.fetch_max(whole, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Times {
        Times {
            buckets: self.buckets.each_ref().map(|count| count.load(Ordering::Relaxed)),
            sum: Duration::from_micros(self.sum_micros.load(Ordering::Relaxed)),
            max: Duration::from_micros(self.max_micros.load(Ordering::Relaxed)),
        }
    }
}

impl Times {
    pub(super) fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (sum, count) in self.buckets.iter_mut().zip(other.buckets) {
            *sum += count;
        }
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// The mean in milliseconds; 0 of nothing.
    pub(super) fn mean_ms(&self) -> f64 {
        self.sum.as_secs_f64() * 1000.0 / self.count().max(1) as f64
    }

    /// The time that the part `quantile` took at most, in milliseconds: right up to a factor of two,
    /// for nothing finer is kept.
    pub(super) fn quantile_ms(&self, quantile: f64) -> f64 {
        self.quantile(quantile) / 1000.0
    }

    /// The same of sizes, which are counted a byte as a microsecond.
    pub(super) fn quantile_bytes(&self, quantile: f64) -> f64 {
        self.quantile(quantile)
    }

    fn quantile(&self, quantile: f64) -> f64 {
        let wanted = (self.count() as f64 * quantile).ceil() as u64;
        let mut seen = 0;
        for (n, count) in self.buckets.iter().enumerate() {
            seen += count;
            if wanted <= seen && 0 < seen {
                return bound_micros(n);
            }
        }
        0.0
    }
}

/// The upper bound of a bucket.
pub(super) fn bound_micros(bucket: usize) -> f64 {
    2_f64.powi(i32::try_from(bucket).unwrap_or(i32::MAX))
}

/// Which bucket takes so many microseconds.
pub(super) fn bucket(micros: u128) -> usize {
    let above = (u128::BITS - micros.saturating_sub(1).leading_zeros()) as usize;
    if micros <= 1 { 0 } else { above.min(BUCKETS - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_fall_into_powers_of_two() {
        for (micros, expected) in
            [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (1024, 10), (1025, 11)]
        {
            assert_eq!(bucket(micros), expected, "{micros}");
        }
        assert_eq!(bucket(u128::MAX), BUCKETS - 1);
        let histogram = Histogram::default();
        assert_eq!((histogram.read().mean_ms(), histogram.read().quantile_ms(0.99)), (0.0, 0.0));
        for micros in [1_000, 1_000, 1_000, 9_000] {
            histogram.record(Duration::from_micros(micros));
        }
        let times = histogram.read();
        assert_eq!((times.count(), times.mean_ms()), (4, 3.0));
        assert_eq!((times.quantile_ms(0.5), times.quantile_ms(0.99)), (1.024, 16.384));
        assert_eq!(times.max, Duration::from_millis(9));
        let mut both = times;
        both.add(&times);
        assert_eq!((both.count(), both.mean_ms()), (8, 3.0));
    }
}
