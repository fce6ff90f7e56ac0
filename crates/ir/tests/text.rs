//! Text round trips and the verifier's rules.
use ir::Trace;

const LOOP: &str = "\
root code=0x7f10
  v0 = load_slot 8
  guard_type v0, 0x7f000000 ; s0
  guard_compact v0 ; s0
  v3 = unbox_compact v0
  label v3
  v5 = phi_i64 0
  v6 = const_i64 -1
  v7 = int_add v5, v6 ; s1
  v8 = const_f64 -0.0
  v9 = const_f64 0x7ff8000000000000
  v10 = const_i64 0x8000000000000000
  v11 = escape 3, 17, v0, v0 ; s2
  guard_eval_breaker 0 ; s1
  jump v7
s0: before c0@14 [=, null]
s1: before c0@15 [box_i64 v5, v0:steal]
s2: during c0@15 finish [box_i64 v7, v0:borrow] c0@3 func=v0:new finish-negated [0x7f20:borrow, box_f64 v8, v0:new]
";

const BRIDGE: &str = "\
bridge parent=3 exit=1 code=0x10,0x20 entry=i64:slot2,obj:v7,f64:v9
  v0 = entry_i64 0
  v1 = entry_obj 1
  v2 = entry_f64 2
  v3 = const_bool 1
  link 4, v0, v1 ; s0
s0: before c1@0 [=, =, box_i64 v0, box_bool v3, box_f64 v2:steal]
";

const RANGES: &str = "\
root code=0x10 entry=i64:start2by-1,i64:len2,i64:start3,i64:len3,i64:step3
  v0 = load_slot 0
  v1 = entry_i64 0
  v2 = entry_i64 1
  exit ; s0
s0: before c0@4 [=, =, range_iter v1 v2 v1] {v0+16: v1, v0+32: v2}
";

#[test]
fn print_parse_print_is_the_identity() {
    for text in [LOOP, BRIDGE, RANGES] {
        let trace = Trace::parse(text).unwrap();
        trace.verify().unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(trace.to_string(), text);
    }
}

#[test]
fn names_and_comments_are_free() {
    let trace =
        Trace::parse("# a comment\nroot code=0x1\n v_x = load_slot 0 # x\n jump ; s9\n s9: before c0@0 [v_x:new]")
            .unwrap();
    assert_eq!(trace.to_string(), "root code=0x1\n  v0 = load_slot 0\n  jump ; s0\ns0: before c0@0 [v0:new]\n");
}

/// Texts that must not parse, with a part of the message.
#[test]
fn parse_errors_name_the_line() {
    for (text, line, message) in [
        ("", 1, "no trace"),
        ("loop", 1, "`root` or `bridge`"),
        ("root\n v0 = nonsense", 2, "no uop nonsense"),
        ("root\n v1 = int_neg v0 ; s0\ns0: before c0@0 []", 2, "no value v0"),
        ("root\n load_slot 8", 2, "has a result"),
        ("root\n v0 = load_slot 8, 9", 2, "1 immediates"),
        ("root\n exit ; s1", 2, "no snapshot s1"),
        ("root\n v0 = load_slot 8\n exit ; s0\ns0: before c0@0 [v0]", 4, "needs a count"),
        ("root\n exit ; s0\ns0: after c0@0 []", 3, "no way to resume"),
    ] {
        let e = Trace::parse(text).expect_err(text);
        assert_eq!(e.line, line, "{text}: {e}");
        assert!(e.message.contains(message), "{text}: {e}");
    }
}

/// Each edit of `LOOP` breaks one rule.
#[test]
fn the_verifier_finds_each_broken_rule() {
    for (from, to, message) in [
        ("v7 = int_add v5, v6 ; s1", "v7 = int_add v5, v0 ; s1", "is obj, not i64"),
        ("v7 = int_add v5, v6 ; s1", "v7 = int_add v5, v6", "has no snapshot"),
        ("v7 = int_add v5, v6 ; s1", "v7 = int_add v5 ; s1", "takes 2 operands"),
        ("v3 = unbox_compact v0", "v3 = unbox_compact v0 ; s0", "never leaves"),
        ("v3 = unbox_compact v0", "v3 = load_field_i64 v0, 0x100000000", "does not fit 32 bits"),
        ("jump v7", "jump v0", "differs in kind"),
        ("jump v7", "jump", "the label has 1 operands"),
        ("jump v7", "jump v7 ; s1", "has no snapshot"),
        ("  jump v7\n", "", "exactly the last"),
        ("v6 = const_i64 -1", "exit ; s0\n v6 = const_i64 -1", "exactly the last"),
        ("v6 = const_i64 -1", "label\n v6 = const_i64 -1", "second label"),
        ("v6 = const_i64 -1", "v20 = phi_i64 1\n v6 = const_i64 -1", "no operand for"),
        ("v5 = phi_i64 0", "v5 = phi_i64 1", "in place 0"),
        ("v5 = phi_i64 0", "v5 = phi_f64 0", "differs in kind"),
        ("v5 = phi_i64 0", "v5 = const_i64 0", "no phi for operand 0"),
        ("label v3", "v20 = entry_obj 0\n label v3", "no entry parameter"),
        ("[box_i64 v5, v0:steal]", "[v5:steal]", "is i64, not obj"),
        ("[box_i64 v5, v0:steal]", "[box_i64 v10]", "not made before"),
        ("c0@15 [box_i64 v5", "c1@15 [box_i64 v5", "no code c1"),
        ("s0: before", "s0: during", "belongs to escapes"),
        ("s2: during", "s2: before", "belongs to escapes"),
        ("[0x7f20:borrow", "[=", "nothing is unchanged"),
        ("func=v0:new", "gen=null", "names its generator"),
        ("s0: before c0@14 [=, null]", "s0: before", "no frame"),
        ("[box_i64 v5, v0:steal]", "[range_iter v3 v3 v0]", "is obj, not i64"),
        ("s0: before c0@14 [=, null]", "s0: before c0@14 [=] {v0+16: v0}", "is obj, not i64"),
        ("box_f64 v8, v0:new]", "box_f64 v8, v0:new] {v0+16: v3}", "where others may look"),
    ] {
        assert!(LOOP.contains(from), "{from}");
        let trace = Trace::parse(&LOOP.replacen(from, to, 1)).unwrap_or_else(|e| panic!("{from} -> {to}: {e}"));
        let e = trace.verify().expect_err(&format!("{from} -> {to}"));
        assert!(e.message.contains(message), "{from} -> {to}: {e}");
    }
}
