//! How fast connections may come: to the node, and to each of its listeners.

use super::rate::{Rate, Windows};
use crate::listener::Listener;
use dohle_metadata::config::Layers;
use std::sync::Arc;

/// The largest number is no limit.
const ANY: i32 = i32::MAX;

/// `max.connection.creation.rate`: connections in a second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AcceptRates {
    /// To the node.
    pub(super) common: i32,
    /// To each listener, by its index.
    pub(super) of_listeners: Vec<AtListener>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AtListener {
    pub(super) rate: i32,
    /// Brokers use it among themselves: the node's rate is not theirs.
    pub(super) is_protected: bool,
}

impl AcceptRates {
    /// What the configs say, of the node and of its listeners.
    pub(crate) fn of(
        configs: Layers<'_>,
        listeners: &[Arc<Listener>],
        is_protected: impl Fn(usize) -> bool,
    ) -> Self {
        const KEY: &str = "max.connection.creation.rate";
        let rate = |number: i64| i32::try_from(number).unwrap_or(ANY);
        let at = |(index, listener): (usize, &Arc<Listener>)| AtListener {
            rate: rate(configs.listener_value(&listener.name, KEY).integer()),
            is_protected: is_protected(index),
        };
        Self {
            common: rate(configs.value(KEY).integer()),
            of_listeners: listeners.iter().enumerate().map(at).collect(),
        }
    }

    /// The node's rate and the listener's, where they hold.
    fn of_listener(&self, listener: usize) -> [Option<i32>; 2] {
        let Some(at) = self.of_listeners.get(listener) else { return [None, None] };
        let limit = |rate: i32| (rate != ANY).then_some(rate);
        [limit(self.common).filter(|_| !at.is_protected), limit(at.rate)]
    }

    /// True if nobody ever waits.
    pub(super) fn are_unlimited(&self) -> bool {
        self.common == ANY && self.of_listeners.iter().all(|at| at.rate == ANY)
    }
}

/// The connections that came.
#[derive(Debug, Default)]
pub(super) struct Accepted {
    to_node: Rate,
    to_listeners: Vec<Rate>,
}

impl Accepted {
    /// The place is another listener's now.
    pub(super) fn forget(&mut self, listener: usize) {
        if let Some(rate) = self.to_listeners.get_mut(listener) {
            *rate = Rate::default();
        }
    }

    /// One more, or (with -1) one that was not taken after all: how long to wait.
    pub(super) fn record(
        &mut self,
        rates: &AcceptRates,
        listener: usize,
        (windows, amount, now_ms): (Windows, f64, i64),
    ) -> i64 {
        if self.to_listeners.len() <= listener {
            self.to_listeners.resize(listener + 1, Rate::default());
        }
        let measured = [&mut self.to_node, &mut self.to_listeners[listener]];
        let limits = rates.of_listener(listener);
        let waits = measured.into_iter().zip(limits).filter_map(|(rate, limit)| {
            let limit = limit?;
            rate.record(windows, amount, now_ms);
            Some(rate.throttle_ms(windows, f64::from(limit), now_ms))
        });
        waits.max().unwrap_or(0).min(windows.length_ms)
    }
}
