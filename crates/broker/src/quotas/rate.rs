//! How much a client used: a rate over sliding windows, and a bucket of tokens.
//!
//! Both are Kafka's, number for number: when a client that has used too much may go on is what it
//! is told, and what tools show.

/// Windows that something is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Windows {
    /// How many, the one that runs among them.
    pub(crate) count: usize,
    pub(crate) length_ms: i64,
}

impl Windows {
    /// As configs say it: one window at least, of a millisecond at least.
    pub(crate) fn new(count: i64, length_ms: i64) -> Self {
        Self { count: usize::try_from(count).unwrap_or(1).max(1), length_ms: length_ms.max(1) }
    }

    fn total_ms(self) -> i64 {
        i64::try_from(self.count).unwrap_or(i64::MAX).saturating_mul(self.length_ms)
    }

    /// The windows that are over, in seconds: what may be used at once without waiting.
    pub(crate) fn past_seconds(self) -> f64 {
        self.total_ms().saturating_sub(self.length_ms) as f64 / 1000.0
    }
}

/// One window.
#[derive(Clone, Copy, Debug)]
struct Sample {
    start_ms: i64,
    last_ms: i64,
    sum: f64,
}

impl Sample {
    fn new(now_ms: i64) -> Self {
        Self { start_ms: now_ms, last_ms: now_ms, sum: 0.0 }
    }
}

/// A rate per second.
///
/// A ring of one window more than are measured: the oldest may still overlap them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rate {
    samples: Vec<Sample>,
    current: usize,
}

impl Rate {
    /// Something was used; a negative amount takes it back.
    pub(crate) fn record(&mut self, windows: Windows, amount: f64, now_ms: i64) {
        if self.samples.is_empty() {
            self.samples.push(Sample::new(now_ms));
        }
        if windows.length_ms <= now_ms - self.samples[self.current].start_ms {
            self.current = (self.current + 1) % (windows.count + 1);
            match self.samples.get_mut(self.current) {
                Some(sample) => *sample = Sample::new(now_ms),
                None => {
                    self.current = self.samples.len();
                    self.samples.push(Sample::new(now_ms));
                }
            }
        }
        let sample = &mut self.samples[self.current];
        sample.sum += amount;
        sample.last_ms = now_ms;
    }

    /// The rate now.
    pub(crate) fn measure(&mut self, windows: Windows, now_ms: i64) -> f64 {
        let elapsed_ms = self.elapsed_ms(windows, now_ms);
        let sum = self.samples.iter().fold(0.0, |sum, sample| sum + sample.sum);
        sum / (elapsed_ms as f64 / 1000.0)
    }

    /// The time that the rate is over: at least all windows but the one that runs.
    fn elapsed_ms(&mut self, windows: Windows, now_ms: i64) -> i64 {
        if self.samples.is_empty() {
            self.samples.push(Sample::new(now_ms));
        }
        for sample in &mut self.samples {
            if windows.total_ms() <= now_ms - sample.last_ms {
                *sample = Sample::new(now_ms);
            }
        }
        let oldest_ms = self.samples.iter().map(|sample| sample.start_ms).min().unwrap_or(now_ms);
        let elapsed_ms = now_ms - oldest_ms;
        let full = elapsed_ms / windows.length_ms;
        let least = i64::try_from(windows.count).unwrap_or(i64::MAX) - 1;
        (elapsed_ms + (least - full).max(0) * windows.length_ms).max(1)
    }

    /// How long to wait until the rate is back at `bound`; 0 if it is not above.
    pub(crate) fn throttle_ms(&mut self, windows: Windows, bound: f64, now_ms: i64) -> i64 {
        let rate = self.measure(windows, now_ms);
        // Not a number is no bound, as in Kafka.
        if rate > bound {
            let wait = (rate - bound) / bound * self.elapsed_ms(windows, now_ms) as f64;
            return (wait + 0.5).floor() as i64;
        }
        0
    }
}

/// Tokens that come back at the rate of the quota, and are used all at once or one by one.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    tokens: f64,
    updated_ms: i64,
}

impl Default for Bucket {
    /// Full, whatever that will be.
    fn default() -> Self {
        Self { tokens: f64::INFINITY, updated_ms: 0 }
    }
}

impl Bucket {
    /// Takes tokens; there may be less than none after it.
    pub(crate) fn take(&mut self, windows: Windows, bound: f64, tokens: f64, now_ms: i64) {
        let full = full(windows, bound);
        self.refill(full, bound, now_ms);
        self.tokens = full.min(self.tokens - tokens);
    }

    /// What may be taken, below zero for a debt.
    pub(crate) fn left(&mut self, windows: Windows, bound: f64, now_ms: i64) -> f64 {
        self.refill(full(windows, bound), bound, now_ms);
        self.tokens
    }

    /// How long to wait until there is no debt any more; 0 if there is none.
    pub(crate) fn throttle_ms(&mut self, windows: Windows, bound: f64, now_ms: i64) -> i64 {
        let left = self.left(windows, bound, now_ms);
        if left < 0.0 { (-left / bound * 1000.0 + 0.5).floor() as i64 } else { 0 }
    }

    fn refill(&mut self, full: f64, bound: f64, now_ms: i64) {
        let seconds = (now_ms - self.updated_ms) as f64 / 1000.0;
        self.tokens = full.min(self.tokens + bound * seconds);
        self.updated_ms = now_ms;
    }
}

fn full(windows: Windows, bound: f64) -> f64 {
    windows.count as f64 * (windows.length_ms as f64 / 1000.0) * bound
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What Apache Kafka 4.3.1's own `Rate` and `TokenBucket` said to a random course of events.
    const TABLE: &str = include_str!("../../testdata/rates.tsv");

    #[test]
    fn rates_and_buckets_are_kafkas() {
        let (mut rate, mut bucket) = (Rate::default(), Bucket::default());
        let mut course = None;
        let mut count = 0;
        for line in TABLE.lines().skip(1) {
            let columns: Vec<&str> = line.split('\t').collect();
            let real = |at: usize| columns[at].parse::<f64>().expect("a number");
            let whole = |at: usize| columns[at].parse::<i64>().expect("a whole number");
            let windows = Windows { count: columns[1].parse().unwrap(), length_ms: whole(2) };
            let (bound, now_ms) = (real(3), whole(4));
            if course.replace((columns[0], windows)) != Some((columns[0], windows)) {
                (rate, bucket) = (Rate::default(), Bucket::default());
            }
            let amount = (columns[5] != "-").then(|| real(5));
            if columns[0] == "rate" {
                if let Some(amount) = amount {
                    rate.record(windows, amount, now_ms);
                }
                assert_eq!(rate.measure(windows, now_ms), real(6), "{line}");
                assert_eq!(rate.elapsed_ms(windows, now_ms), whole(7), "{line}");
                assert_eq!(rate.throttle_ms(windows, bound, now_ms), whole(8), "{line}");
            } else {
                if let Some(tokens) = amount {
                    bucket.take(windows, bound, tokens, now_ms);
                }
                assert_eq!(bucket.throttle_ms(windows, bound, now_ms), whole(8), "{line}");
                assert_eq!(bucket.left(windows, bound, now_ms), real(6), "{line}");
            }
            count += 1;
        }
        assert_eq!(count, 480);
    }

    proptest! {
        /// Who is above the quota waits, and is within it again after a while.
        #[test]
        fn waiting_helps(
            amounts in prop::collection::vec((0..500i64, 1..5000u32), 1..60),
            bound in 1..1000u32,
        ) {
            let windows = Windows { count: 11, length_ms: 1000 };
            let bound = f64::from(bound);
            let (mut rate, mut bucket) = (Rate::default(), Bucket::default());
            let mut now_ms = 5_000_000;
            for (step_ms, amount) in amounts {
                now_ms += step_ms;
                rate.record(windows, amount.into(), now_ms);
                bucket.take(windows, bound, amount.into(), now_ms);
                // Kafka takes windows that were not measured for ones in which nothing was used, so
                // one wait may not be enough; once all windows are silent it is.
                let mut later = rate.clone();
                prop_assert_eq!(later.throttle_ms(windows, bound, now_ms + windows.total_ms()), 0);
                let rate_now = rate.measure(windows, now_ms);
                prop_assert_eq!(rate.throttle_ms(windows, bound, now_ms) == 0, rate_now <= bound * 1.00005);
                let wait_ms = bucket.throttle_ms(windows, bound, now_ms);
                let mut later = bucket.clone();
                prop_assert!(later.throttle_ms(windows, bound, now_ms + wait_ms + 1) == 0);
            }
        }

        #[test]
        fn a_steady_rate_below_the_quota_never_waits(step_ms in 1..900i64, count in 1..300usize) {
            let windows = Windows { count: 11, length_ms: 1000 };
            let mut rate = Rate::default();
            for at in 0..count {
                let now_ms = 1_000 + step_ms * i64::try_from(at).unwrap();
                rate.record(windows, step_ms as f64 * 0.9, now_ms);
                prop_assert_eq!(rate.throttle_ms(windows, 1000.0, now_ms), 0);
            }
        }
    }
}
