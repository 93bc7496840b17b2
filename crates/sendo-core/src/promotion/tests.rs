//! Decisions about lanes, told as stories.
