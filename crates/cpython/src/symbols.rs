//! Run-time look-up of the interpreter's symbols.
//!
//! There are some 350 of them, and every process that switches Tierup on looks them up: in the hash table of the object that
//! exports them (DT_GNU_HASH; its layout is that of glibc's elf/dl-lookup.c), which takes a tenth of what `dlsym` takes.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::null_mut;

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, symbol: *const c_char) -> *mut c_void;
}

/// The address of `name` among the symbols the process exports globally, or null.
///
/// An extension module is loaded by a process whose executable or a global dependency of it is the
/// interpreter, so the default search order finds what `PyAPI_FUNC` exports.
pub(crate) fn lookup(name: &CStr) -> *mut c_void {
    // SAFETY: `name` is a C string; a null handle is RTLD_DEFAULT.
    unsafe { dlsym(null_mut(), name.as_ptr()) }
}

/// A symbol's name with its hash, which is best a constant.
#[derive(Clone, Copy)]
pub(crate) struct Name {
    text: &'static CStr,
    hash: u32,
}

impl Name {
    /// Of a name that ends in a NUL.
    pub(crate) const fn new(text: &'static str) -> Self {
        let Ok(text) = CStr::from_bytes_with_nul(text.as_bytes()) else {
            panic!("a symbol name ends in its only NUL");
        };
        Self { text, hash: hash(text.to_bytes()) }
    }
}

/// The hash of DT_GNU_HASH: Bernstein's, from 5381.
const fn hash(name: &[u8]) -> u32 {
    let (mut hash, mut i) = (5381_u32, 0);
    while i < name.len() {
        hash = hash.wrapping_mul(33).wrapping_add(name[i] as u32);
        i += 1;
    }
    hash
}

/// What one object of the process exports.
pub(crate) struct Exports {
    table: Option<Table>,
}

impl Exports {
    /// Of the object that has `address`.
    pub(crate) fn of(address: *const c_void) -> Self {
        Self { table: Table::of(address) }
    }

    /// The address of a symbol, in this object if it can tell, or anywhere. If there is none: null, and its name in
    /// `missing`.
    pub(crate) fn resolve(&self, name: Name, missing: &mut Vec<&'static str>) -> *mut c_void {
        let mut found = self.table.as_ref().map_or(null_mut(), |table| table.find(name));
        if found.is_null() {
            found = lookup(name.text);
        }
        if found.is_null() {
            missing.push(name.text.to_str().expect("made of a str"));
        }
        found
    }
}

/// An `Elf64_Sym`.
#[repr(C)]
struct Symbol {
    name: u32,
    info: u8,
    other: u8,
    section: u16,
    value: u64,
    size: u64,
}

/// An `Elf64_Phdr`.
#[repr(C)]
struct Segment {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    physical_address: u64,
    file_size: u64,
    size: u64,
    align: u64,
}

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const DT_NULL: usize = 0;
const DT_STRTAB: usize = 5;
const DT_SYMTAB: usize = 6;
const DT_GNU_HASH: usize = 0x6fff_fef5;
const DT_VERDEF: usize = 0x6fff_fffc;
const STT_OBJECT: u8 = 1;
const STT_FUNC: u8 = 2;
const SHN_ABS: u16 = 0xfff1;

/// An executable or library of the process.
#[repr(C)]
struct Object {
    /// One of its addresses.
    address: usize,
    base: usize,
    /// Its dynamic section: tags with values.
    dynamic: *const [usize; 2],
}

impl Object {
    fn with(address: *const c_void) -> Option<Self> {
        /// The first part of a `dl_phdr_info`.
        #[repr(C)]
        struct Info {
            base: usize,
            name: *const c_char,
            segments: *const Segment,
            count: u16,
        }
        unsafe extern "C" {
            fn dl_iterate_phdr(
                callback: unsafe extern "C" fn(*const Info, usize, *mut Object) -> c_int,
                found: *mut Object,
            ) -> c_int;
        }
        unsafe extern "C" fn look(info: *const Info, _: usize, found: *mut Object) -> c_int {
            // SAFETY: glibc describes an object that is loaded; `found` is the caller's.
            unsafe {
                let Info { base, segments, count, .. } = *info;
                let segments = core::slice::from_raw_parts(segments, count as usize);
                let start = |segment: &Segment| base.wrapping_add(segment.address as usize);
                let has = |segment: &Segment| {
                    segment.kind == PT_LOAD && (*found).address.wrapping_sub(start(segment)) < segment.size as usize
                };
                if !segments.iter().any(has) {
                    return 0;
                }
                if let Some(dynamic) = segments.iter().find(|segment| segment.kind == PT_DYNAMIC) {
                    ((*found).base, (*found).dynamic) = (base, start(dynamic) as *const [usize; 2]);
                }
                1
            }
        }
        let mut found = Self { address: address as usize, base: 0, dynamic: core::ptr::null() };
        // SAFETY: the callback only looks, and the function returns before `found` goes.
        unsafe { dl_iterate_phdr(look, &mut found) };
        (!found.dynamic.is_null()).then_some(found)
    }
}

/// An object's symbols by their hashes.
struct Table {
    base: usize,
    symbols: *const Symbol,
    strings: *const c_char,
    bloom: &'static [u64],
    bloom_shift: u32,
    buckets: &'static [u32],
    /// Of the first symbol in the table: the hashes, with the lowest bit set at the end of a bucket.
    chains: *const u32,
    first: usize,
}

impl Table {
    fn of(address: *const c_void) -> Option<Self> {
        let Object { base, dynamic, .. } = Object::with(address)?;
        let (mut strings, mut symbols, mut hashes) = (0, 0, 0);
        let mut entry = dynamic;
        // SAFETY: the dynamic section ends in DT_NULL.
        unsafe {
            while (*entry)[0] != DT_NULL {
                match *entry {
                    [DT_STRTAB, at] => strings = at,
                    [DT_SYMTAB, at] => symbols = at,
                    [DT_GNU_HASH, at] => hashes = at,
                    // Several symbols may have one name.
                    [DT_VERDEF, _] => return None,
                    _ => {}
                }
                entry = entry.add(1);
            }
        }
        // Loaders other than glibc's do not relocate these addresses: there all goes by `dlsym`.
        if [strings, symbols, hashes].iter().any(|&at| at < base.max(1)) {
            return None;
        }
        // SAFETY: the table is four numbers, the filter, the buckets, and the chains.
        unsafe {
            let header = hashes as *const u32;
            let [buckets, first, bloom, shift] = *header.cast::<[u32; 4]>();
            let filter = header.add(4).cast::<u64>();
            let bloom = core::slice::from_raw_parts(filter, bloom as usize);
            let first_bucket = filter.add(bloom.len()).cast::<u32>();
            let buckets = core::slice::from_raw_parts(first_bucket, buckets as usize);
            let usable = bloom.len().is_power_of_two() && !buckets.is_empty();
            usable.then_some(Self {
                base,
                symbols: symbols as *const Symbol,
                strings: strings as *const c_char,
                bloom,
                bloom_shift: shift,
                buckets,
                chains: first_bucket.add(buckets.len()),
                first: first as usize,
            })
        }
    }

    fn find(&self, Name { text, hash }: Name) -> *mut c_void {
        let word = self.bloom[(hash as usize / 64) & (self.bloom.len() - 1)];
        if word >> (hash % 64) & word >> ((hash >> self.bloom_shift) % 64) & 1 == 0 {
            return null_mut();
        }
        let mut at = self.buckets[hash as usize % self.buckets.len()] as usize;
        // SAFETY: a bucket that is not empty (0) has the index of its first symbol, and ends where the lowest bit says so.
        unsafe {
            while at >= self.first.max(1) {
                let chained = *self.chains.add(at - self.first);
                let symbol = &*self.symbols.add(at);
                if chained | 1 == hash | 1 && CStr::from_ptr(self.strings.add(symbol.name as usize)) == text {
                    let plain =
                        matches!(symbol.info & 15, STT_OBJECT | STT_FUNC) && (1..SHN_ABS).contains(&symbol.section);
                    return if plain { (self.base + symbol.value as usize) as *mut c_void } else { null_mut() };
                }
                if chained & 1 != 0 {
                    break;
                }
                at += 1;
            }
        }
        null_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_dlsym_finds() {
        // libc's symbols have versions: it has no table, and they are found all the same.
        let libc = Exports::of(lookup(c"malloc"));
        assert!(libc.table.is_none());
        let mut missing = Vec::new();
        assert_eq!(libc.resolve(const { Name::new("malloc\0") }, &mut missing), lookup(c"malloc"));
        assert!(missing.is_empty());
        assert!(libc.resolve(const { Name::new("no_such_symbol\0") }, &mut missing).is_null());
        assert_eq!(missing, ["no_such_symbol"]);
    }

    #[test]
    fn hashes_as_the_linker_does() {
        assert_eq!(hash(b""), 0x1505);
        assert_eq!(hash(b"printf"), 0x156b_2bb8);
    }
}
