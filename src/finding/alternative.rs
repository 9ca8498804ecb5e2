//! Other explanations of what is seen: which are ruled out, which are not, and what would decide.

/// Whether another explanation still stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The input shows that it is not so.
    RuledOut,
    /// It may be so: nothing in the input speaks against it.
    NotRuledOut,
    /// No explanation: what to look at, or to give, to tell them apart.
    ToDecide,
}

/// Another explanation, or what would tell it apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// Whether it still stands.
    pub standing: Standing,
    /// Its name, with the reason in brackets; of [`Standing::ToDecide`] what to do. Begins in lower
    /// case, ends without a full stop.
    pub text: String,
}

/// `base image changed (same digest as before)`: it is not that.
#[must_use]
pub fn ruled_out(text: impl Into<String>) -> Alternative {
    Alternative { standing: Standing::RuledOut, text: text.into() }
}

/// `a repository that does not exist (the registry answers both in the same way)`: it may be that.
#[must_use]
pub fn not_ruled_out(text: impl Into<String>) -> Alternative {
    Alternative { standing: Standing::NotRuledOut, text: text.into() }
}

/// `give the log of the next run`: that would tell.
#[must_use]
pub fn to_decide(text: impl Into<String>) -> Alternative {
    Alternative { standing: Standing::ToDecide, text: text.into() }
}
