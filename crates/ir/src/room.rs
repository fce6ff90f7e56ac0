//! Vectors that are kept from one trace to the next for their room.

/// Empties `v` and gives it room for `n`. Where it has to grow, the old room goes first: nothing is moved, and the new one
/// may lie where the old one was.
#[inline]
pub fn make_room<T>(v: &mut Vec<T>, n: usize) {
    v.clear();
    if v.capacity() < n {
        *v = Vec::new();
        // The next trace may be somewhat larger. Pages that are never touched take no memory.
        *v = Vec::with_capacity(n + n / 2);
    }
}

/// Makes `v` hold `n` times `value`.
#[inline]
pub fn filled<T: Clone>(v: &mut Vec<T>, n: usize, value: T) {
    make_room(v, n);
    v.resize(n, value);
}
