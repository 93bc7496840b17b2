//! Ctrl-C and its kin as a flag, so that every way out stops what was started.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Set once somebody asked us to stop; whoever waits looks at it.
#[derive(Clone, Default)]
pub(crate) struct Interrupt {
    asked: Arc<AtomicBool>,
}

/// The exit code of a run that was interrupted.
pub(crate) const EXIT_CODE: u8 = 130;

impl Interrupt {
    /// Catches the signals from now on; without this a signal ends the process at once.
    pub(crate) fn listen() -> Result<Self> {
        let interrupt = Self::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&interrupt.asked))
                .with_context(|| format!("could not listen for signal {signal}"))?;
        }
        Ok(interrupt)
    }

    pub(crate) fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    #[cfg(test)]
    pub(crate) fn raise(&self) {
        self.asked.store(true, Ordering::SeqCst);
    }
}
