//! Signals as flags that are taken one by one, so that each can be handed on as it came.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use rustix::process::Signal;

/// What was sent to us since we last looked.
#[derive(Clone)]
pub(super) struct Signals {
    flags: Vec<(Signal, Arc<AtomicBool>)>,
}

impl Signals {
    /// Catches these signals from now on.
    pub(super) fn listen(signals: &[Signal]) -> Result<Self> {
        let mut flags = Vec::new();
        for signal in signals {
            let flag = Arc::<AtomicBool>::default();
            signal_hook::flag::register(signal.as_raw(), Arc::clone(&flag))
                .with_context(|| format!("could not listen for {signal:?}"))?;
            flags.push((*signal, flag));
        }
        Ok(Self { flags })
    }

    /// One that came, if any; the next look does not see it again.
    pub(super) fn take(&self) -> Option<Signal> {
        self.flags
            .iter()
            .find(|(_, flag)| flag.swap(false, Ordering::SeqCst))
            .map(|(signal, _)| *signal)
    }

    /// Whether any came and was not taken.
    pub(super) fn any(&self) -> bool {
        self.flags
            .iter()
            .any(|(_, flag)| flag.load(Ordering::SeqCst))
    }
}
