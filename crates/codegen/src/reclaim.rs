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
    /// The current epoch.
    epoch: u64,
    /// Activations alive of the current epoch.
    current: u32,
    /// Of the epochs before it; the first one has some.
    older: VecDeque<u32>,
    /// Retired items with the epoch current at their retirement, ascending.
    waiting: VecDeque<(u64, T)>,
}

impl<T> Reclaim<T> {
    pub fn new() -> Reclaim<T> {
        Reclaim { epoch: 0, current: 0, older: VecDeque::new(), waiting: VecDeque::new() }
    }

    #[inline]
    pub fn enter(&mut self) -> Activation {
        self.current += 1;
        Activation(self.epoch)
    }

    /// Ends an activation; what became free goes to `free`.
    #[inline]
    pub fn leave(&mut self, activation: Activation, free: impl FnMut(T)) {
        if activation.0 == self.epoch {
            self.current -= 1;
        } else {
            let first = self.epoch - self.older.len() as u64;
            self.older[(activation.0 - first) as usize] -= 1;
        }
        if !self.waiting.is_empty() {
            self.collect(free);
        }
    }

    /// `item` is unreachable for later activations.
    pub fn retire(&mut self, item: T, free: impl FnMut(T)) {
        self.waiting.push_back((self.epoch, item));
        if self.current != 0 {
            self.older.push_back(std::mem::take(&mut self.current));
            self.epoch += 1;
        }
        self.collect(free);
    }

    /// Whether nothing waits.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    #[cold]
    fn collect(&mut self, mut free: impl FnMut(T)) {
        while self.older.front() == Some(&0) {
            self.older.pop_front();
        }
        // Items of an epoch are free only when that epoch, too, has nobody left.
        let end = match self.older.len() as u64 {
            0 if self.current == 0 => self.epoch + 1,
            n => self.epoch - n,
        };
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
