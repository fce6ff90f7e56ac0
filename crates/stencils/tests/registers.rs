//! Every template, under many register assignments, must decode to the same instructions on other registers.
use iced_x86::{Decoder, DecoderOptions, Instruction, OpKind, Register};
use ir::{Form, Kind, Uop};
use stencils::{OUT, Template};

const INTS: [u8; 11] = [3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const FLOATS: [u8; 13] = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// A small deterministic generator (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// Class of each slot in use: true for vector registers.
fn classes(uop: Uop) -> [Option<bool>; 4] {
    let facts = uop.facts();
    let mut out = [None; 4];
    for (n, k) in facts.operands.iter().enumerate() {
        out[n] = Some(*k == Kind::F64);
    }
    out[OUT] = facts.result.map(|k| k == Kind::F64);
    out
}

fn assignment(uop: Uop, random: &mut Random) -> [u8; 4] {
    let mut left = (INTS.to_vec(), FLOATS.to_vec());
    classes(uop).map(|class| match class {
        None => 0,
        Some(false) => left.0.swap_remove(random.below(left.0.len())),
        Some(true) => left.1.swap_remove(random.below(left.1.len())),
    })
}

/// The instruction in words that do not depend on the assignment.
fn canonical(inst: &Instruction, uop: Uop, slots: &[u8; 4]) -> String {
    let name = |reg: Register| {
        if reg == Register::None {
            return "none".to_string();
        }
        let vector = reg.is_xmm();
        let full = reg.full_register();
        let classes = classes(uop);
        match (0..4).find(|&s| classes[s] == Some(vector) && slots[s] as usize == full.number()) {
            Some(s) => format!("slot{s}:{}", reg.size()),
            None => format!("{reg:?}"),
        }
    };
    let mut text = format!("{:?}", inst.mnemonic());
    for op in 0..inst.op_count() {
        text += &match inst.op_kind(op) {
            OpKind::Register => format!(" {}", name(inst.op_register(op))),
            OpKind::Memory => format!(
                " {}[{} + {} * {} + {:#x}]",
                inst.memory_size().size(),
                name(inst.memory_base()),
                name(inst.memory_index()),
                inst.memory_index_scale(),
                inst.memory_displacement64()
            ),
            OpKind::NearBranch64 => format!(" to {}", inst.near_branch64()),
            _ => format!(" {:#x}", inst.immediate(op)),
        };
    }
    text
}

fn decode(template: &Template, uop: Uop, slots: &[u8; 4]) -> Vec<String> {
    let mut all = Vec::new();
    for piece in [&template.hot, &template.cold] {
        let mut code = Vec::new();
        piece.emit(&mut code, slots, &[0x1122_3344, 0x0102_0304]);
        let decoder = Decoder::with_ip(64, &code, 0, DecoderOptions::NONE);
        all.extend(decoder.into_iter().map(|i| canonical(&i, uop, slots)));
    }
    all
}

#[test]
fn registers_are_patched_everywhere() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for uop in Uop::all().filter(|u| u.facts().form == Form::Stencil) {
        let template = stencils::template(uop).unwrap_or_else(|| panic!("{} has no template", uop.name()));
        let slots = assignment(uop, &mut random);
        let expected = decode(template, uop, &slots);
        for word in 0..4 {
            let used = template.hot.fields.iter().chain(template.cold.fields).any(|f| f.slot == word);
            let tied = template.tied == Some(word);
            let declared = classes(uop)[word as usize].is_some();
            // A mere change of kind has no code: its operand's register is its result's.
            let silent = template.hot.bytes.is_empty();
            assert_eq!(used, declared && !tied && !silent, "{}: slot {word}", uop.name());
        }
        for _ in 0..400 {
            let slots = assignment(uop, &mut random);
            assert_eq!(decode(template, uop, &slots), expected, "{} with {slots:?}", uop.name());
        }
    }
}

#[test]
fn immediates_land_in_the_code() {
    for uop in Uop::all().filter(|u| u.facts().form == Form::Stencil && !u.facts().imms.is_empty()) {
        let template = stencils::template(uop).expect("a stencil uop");
        let (mut a, mut b) = (Vec::new(), Vec::new());
        let emit = |code: &mut Vec<u8>, imms: [u64; 2]| {
            template.hot.emit(code, &[3, 6, 7, 8], &imms);
            template.cold.emit(code, &[3, 6, 7, 8], &imms);
        };
        emit(&mut a, [16, 16]);
        for n in 0..uop.facts().imms.len() {
            let mut imms = [16, 16];
            imms[n] = 24;
            b.clear();
            emit(&mut b, imms);
            assert_ne!(a, b, "{}: immediate {n}", uop.name());
        }
    }
}
