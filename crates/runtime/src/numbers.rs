//! What machine code calls by number: exits, escapes and native calls. Each executor has a run of numbers of each kind,
//! which is used again once the executor is freed.

use std::collections::BTreeMap;

/// Things by number.
#[derive(Debug)]
pub(crate) struct Numbers<T> {
    items: Vec<T>,
    /// Runs that are not in use: where they begin, and their lengths. No two touch.
    free: BTreeMap<u32, u32>,
}

impl<T> Default for Numbers<T> {
    fn default() -> Numbers<T> {
        Numbers { items: Vec::new(), free: BTreeMap::new() }
    }
}

impl<T: Copy> Numbers<T> {
    #[inline]
    pub fn get(&self, number: u32) -> T {
        self.items[number as usize]
    }

    /// Where [`Numbers::take`] would put a run of `count`.
    pub fn next(&self, count: usize) -> u32 {
        let fits = |&(_, len): &(&u32, &u32)| *len as usize >= count;
        self.free.iter().find(fits).map_or(self.items.len() as u32, |(start, _)| *start)
    }

    /// Numbers `items` in order; the first number.
    pub fn take(&mut self, items: impl ExactSizeIterator<Item = T>) -> u32 {
        let count = items.len();
        let start = self.next(count);
        if let Some(len) = self.free.remove(&start) {
            for (place, item) in self.items[start as usize..].iter_mut().zip(items) {
                *place = item;
            }
            if len as usize > count {
                self.free.insert(start + count as u32, len - count as u32);
            }
        } else {
            self.items.extend(items);
        }
        start
    }

    /// Gives a run back.
    pub fn release(&mut self, mut start: u32, count: usize) {
        let mut count = count as u32;
        if count == 0 {
            return;
        }
        if let Some(len) = self.free.remove(&(start + count)) {
            count += len;
        }
        if let Some((&before, &len)) = self.free.range(..start).next_back()
            && before + len == start
        {
            (start, count) = (before, len + count);
        }
        self.free.insert(start, count);
    }
}

#[cfg(test)]
mod tests {
    use super::Numbers;

    #[test]
    fn runs_are_used_again() {
        let mut n = Numbers::default();
        let runs: Vec<u32> = [3, 2, 4].into_iter().map(|len| n.take(vec![len; len].into_iter())).collect();
        assert_eq!(runs, [0, 3, 5]);
        n.release(3, 2);
        assert_eq!((n.next(2), n.next(3)), (3, 9));
        assert_eq!(n.take([7].into_iter()), 3);
        assert_eq!((n.get(3), n.get(5)), (7, 4));
        n.release(0, 3);
        n.release(3, 1);
        assert_eq!(n.next(5), 0);
        assert_eq!(n.take([1, 2, 3, 4, 5].into_iter()), 0);
        assert_eq!((n.get(4), n.get(5)), (5, 4));
        assert_eq!(n.take(std::iter::empty::<usize>()), 9);
    }

    #[test]
    fn nothing_is_lost_in_pieces() {
        let mut n = Numbers::default();
        let mut random = 12345_u64;
        let mut held = Vec::new();
        for round in 0..2000 {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let len = (random >> 33) as usize % 9;
            let start = n.take(vec![round; len].into_iter());
            held.push((start, len, round));
            if held.len() > 20 {
                let (start, len, round) = held.remove((random >> 45) as usize % held.len());
                assert!((start..start + len as u32).all(|i| n.get(i) == round));
                n.release(start, len);
            }
        }
        for (start, len, _) in held {
            n.release(start, len);
        }
        let size = n.take(std::iter::once(0)) as usize;
        assert_eq!(size, 0, "one run is left");
        assert!(n.next(500) <= 500, "the numbers in use at once bound how many there are");
    }
}
