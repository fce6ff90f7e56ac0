//! Why a recording was given up.

/// Reasons, in the user's terms where the user's code decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Abort {
    /// This many instructions or uops without closing the loop.
    TooLong,
    /// Calls nest deeper than the limit.
    TooDeep,
    /// An instruction the recorder does not know.
    Unsupported(&'static str),
    /// Left the loop or function it started in.
    LeftLoop,
    /// An exception was raised.
    Exception,
    /// A frame appeared or went that the recorder did not expect (a call through C, a generator).
    FrameMismatch,
    /// A variable that the loop assigns was still unbound.
    Unbound,
    /// The loop unrolled itself this often without closing.
    Unrolled,
    /// A function that returns without calling others or itself.
    Short,
    /// A value of a kind that needs the interpreter.
    Value(&'static str),
}

impl Abort {
    /// Whether a call that could not be inlined for this reason can be an escape.
    pub(crate) fn leaves_a_call(self) -> bool {
        matches!(self, Abort::TooDeep | Abort::Value(_))
    }

    /// The reason as a sentence part, for statistics and logs.
    pub fn text(self) -> String {
        match self {
            Abort::TooLong => "trace too long".into(),
            Abort::TooDeep => "calls nest too deeply".into(),
            Abort::Unsupported(what) => format!("not recorded: {what}"),
            Abort::LeftLoop => "left the loop".into(),
            Abort::Exception => "an exception was raised".into(),
            Abort::FrameMismatch => "a call ran outside the recorder's view".into(),
            Abort::Unbound => "assigns a variable that is still unbound".into(),
            Abort::Unrolled => "an inner loop unrolled too often".into(),
            Abort::Short => "a short function".into(),
            Abort::Value(what) => format!("value needs the interpreter: {what}"),
        }
    }
}
