//! When retired code may be reused: once every activation that was alive at its retirement has left.
//!
//! Activations are counted per epoch, not as a stack: greenlets leave in any order.
use std::collections::VecDeque;

/// A running executor's claim on all code that was not yet retired when it was entered.
#[derive(Debug)]
#[must_use = "code is never reused while an activation has not left"]
pub struct Activation(u64);

/// Epoch counters and what waits for them.
#[derive(Debug)]
pub(crate) struct Reclaim<T> {
    /// Number of the first element of `counts`.
    first: u64,
    /// Activations alive per epoch; the last is the current one.
    counts: VecDeque<u32>,
    /// Retired items with the epoch current at their retirement, ascending.
    waiting: VecDeque<(u64, T)>,
}

impl<T> Reclaim<T> {
    pub fn new() -> Reclaim<T> {
        Reclaim { first: 0, counts: VecDeque::from([0]), waiting: VecDeque::new() }
    }

    pub fn enter(&mut self) -> Activation {
        *self.counts.back_mut().expect("there is a current epoch") += 1;
        Activation(self.first + self.counts.len() as u64 - 1)
    }

    /// Ends an activation; what became free goes to `free`.
    pub fn leave(&mut self, activation: Activation, free: impl FnMut(T)) {
        self.counts[(activation.0 - self.first) as usize] -= 1;
        self.collect(free);
    }

    /// `item` is unreachable for later activations.
    pub fn retire(&mut self, item: T, free: impl FnMut(T)) {
        let current = self.first + self.counts.len() as u64 - 1;
        self.waiting.push_back((current, item));
        if self.counts.back() != Some(&0) {
            self.counts.push_back(0);
        }
        self.collect(free);
    }

    /// Whether nothing waits.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    fn collect(&mut self, mut free: impl FnMut(T)) {
        while self.counts.len() > 1 && self.counts[0] == 0 {
            self.counts.pop_front();
            self.first += 1;
        }
        // Items of epoch `first` are free only when that epoch, too, has nobody left.
        let end = if self.counts[0] == 0 { self.first + 1 } else { self.first };
        while self.waiting.front().is_some_and(|w| w.0 < end) {
            let (_, item) = self.waiting.pop_front().expect("just seen");
            free(item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retired_items_wait_for_older_activations_only() {
        let mut r = Reclaim::new();
        let mut freed = Vec::new();
        let a = r.enter();
        let b = r.enter();
        r.retire("x", |i| freed.push(i));
        let c = r.enter();
        r.retire("y", |i| freed.push(i));
        let d = r.enter();
        assert!(freed.is_empty());
        r.leave(a, |i| freed.push(i));
        assert!(freed.is_empty());
        // c left before b: y still waits, since b was alive when y was retired.
        r.leave(c, |i| freed.push(i));
        assert!(freed.is_empty());
        r.leave(b, |i| freed.push(i));
        assert_eq!(freed, ["x", "y"]);
        assert!(r.is_idle());
        r.leave(d, |i| freed.push(i));
        r.retire("z", |i| freed.push(i));
        assert_eq!(freed, ["x", "y", "z"]);
    }
}
