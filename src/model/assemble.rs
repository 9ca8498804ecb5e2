//! Builds a [`super::Run`] from the events of its lines. The only place with state.

/// Collects the events of one log.
#[derive(Debug, Default)]
pub struct Assembler {}
