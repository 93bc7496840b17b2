//! Sendo's vocabulary and every decision it takes: pure, no I/O, no clock.
